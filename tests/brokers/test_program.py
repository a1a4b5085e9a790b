"""A program's directory: there for it, and gone with it, however early that is."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import psutil
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


def test_what_is_written_while_the_store_is_removed_goes_too(stores: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program started may write for a moment longer than it lives."""
    store, removed = stores / "store", shutil.rmtree
    late = iter(["one", "another"])

    def disturbed(path: str, ignore_errors: bool) -> None:
        removed(path, ignore_errors=ignore_errors)
        for name in late:
            (store / name).mkdir(parents=True)
            return

    store.mkdir()
    monkeypatch.setattr(shutil, "rmtree", disturbed)
    program.guard._remove(str(store))
    assert list(stores.iterdir()) == []


def test_a_place_that_takes_no_store_is_told(stores: Path) -> None:
    failed = Program(Path(sys.executable), ("-c", "print('ready')"), store=stores / "none" / "store")
    try:
        with pytest.raises(BrokerUnavailable, match=r"ended before it was ready; it said: .*none/store"):
            failed.await_words([program.re.compile("ready")], 5)
    finally:
        failed.end()


def test_what_removes_the_store_may_be_killed_itself(stores: Path) -> None:
    before = set(psutil.Process().children())
    started = Program(Path("/bin/sh"), ("-c", "echo ready; exec sleep 60"), store=new_store("kind"))
    started.await_words([program.re.compile("ready")], 5)
    (server,) = set(psutil.Process().children()) - before
    (remover,) = server.children()
    remover.kill()
    started.end()
    assert list(stores.iterdir()) == []


def test_what_is_killed_before_it_is_ready_says_so() -> None:
    killed = Program(Path("/bin/sh"), ("-c", "kill -KILL $$"))
    try:
        with pytest.raises(BrokerUnavailable, match="was killed by SIGKILL before it was ready"):
            killed.await_words([program.re.compile("ready")], 5)
    finally:
        killed.end()
