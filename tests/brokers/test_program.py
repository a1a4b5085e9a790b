"""A program's directory: there for it, and gone with it, however early that is."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from queuemark.brokers import program
from queuemark.brokers.broker import BrokerUnavailable
from queuemark.brokers.program import Program, new_store


@pytest.fixture(autouse=True)
def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(program.tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_no_two_stores_have_one_name(stores: Path) -> None:
    one, other = new_store("kind"), new_store("kind")
    assert one != other
    assert one.parent == other.parent == stores
    assert f"queuemark-kind-{os.getpid()}-" in one.name


@pytest.mark.parametrize("after_ms", range(0, 60, 6))
def test_a_program_that_is_ended_while_it_starts_leaves_no_store(stores: Path, after_ms: int) -> None:
    started = Program(Path("/bin/sleep"), ("60",), store=new_store("kind"))
    time.sleep(after_ms / 1000)
    started.end()
    assert list(stores.iterdir()) == []


def test_what_is_written_while_the_store_is_removed_goes_too(stores: Path) -> None:
    """A process that the program leaves writes for a while: what is removed is not empty when its turn comes."""
    store = new_store("kind")
    writing = "i=0; while [ $i -lt 500 ]; do i=$((i+1)); mkdir $0/$i && : >$0/$i/file; done"
    command = f"setsid sh -c '{writing}' $0 >/dev/null 2>&1 & exit 0"
    started = Program(Path("/bin/sh"), ("-c", command, str(store)), store=store)
    started.end()
    assert list(stores.iterdir()) == []


def test_a_place_that_takes_no_store_is_told(stores: Path) -> None:
    failed = Program(Path(sys.executable), ("-c", "print('ready')"), store=stores / "none" / "store")
    try:
        with pytest.raises(BrokerUnavailable, match=r"ended before it was ready; it said: .*none/store"):
            failed.await_words([program.re.compile("ready")], 5)
    finally:
        failed.end()
