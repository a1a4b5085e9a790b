"""Servers of PostgreSQL: made and started as somebody who may, ended so that no shared memory outlives them."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from queuemark.brokers import postgresql, program
from queuemark.brokers.broker import BrokerUnavailable
from queuemark.brokers.postgresql import PostgreSQL
from queuemark.brokers.program import Program, new_store
from queuemark.model.errors import UsageError
from tests.faults.leftovers import gone, none_left_of, opened

psycopg: Any = pytest.importorskip("psycopg", reason="psycopg is not installed (extra brokers)")
needs_postgresql = pytest.mark.skipif(PostgreSQL().lack() is not None, reason="postgresql is not installed")

STARTER = """
from queuemark.brokers.postgresql import PostgreSQL
import signal
server = PostgreSQL().start()
print(server.url, flush=True)
signal.pause()
"""

MAKER = """
from pathlib import Path
from queuemark.brokers.program import Program, new_store
import re
words = ("/bin/sh", "-c", "echo making; exec sleep 600")
program = Program(Path("/bin/echo"), ("made",), store=new_store("test"), before=words)
print(program.await_words((re.compile("making"),), 10)[0][0], flush=True)
program.await_words((re.compile("made"),), 600)
"""


def asked(url: str, question: str) -> Any:
    """What the server answers."""
    with psycopg.connect(f"{url}/postgres", connect_timeout=5) as connection:
        return connection.execute(question).fetchone()[0]


@pytest.fixture
def stores(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where servers have their directories: where another user than root finds them, too."""
    with tempfile.TemporaryDirectory(prefix="stores-of-tests-") as directory:
        Path(directory).chmod(0o711)
        monkeypatch.setattr(program.tempfile, "tempdir", directory)
        yield Path(directory)


def of(store: Path) -> tuple[psutil.Process, str]:
    """A server's first process and the id of its shared memory, from the file where it says both."""
    lines = (store / "data" / "postmaster.pid").read_text().splitlines()
    return psutil.Process(int(lines[0])), lines[6].split()[1]


def segments() -> set[str]:
    return {line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]}


def emptied(stores: Path) -> bool:
    """Waits until what removes a store has done so."""
    deadline = time.monotonic() + 10
    while list(stores.iterdir()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@needs_postgresql
@pytest.mark.parametrize(("persist", "fsync"), [("none", "off"), ("synced", "on")])
def test_a_server_is_as_durable_as_the_case_says_and_nothing_of_it_is_left(
    stores: Path, persist: str, fsync: str
) -> None:
    with PostgreSQL().start({"persist": persist}) as server:
        (store,) = stores.iterdir()
        process, segment = of(store)
        assert segment in segments()
        assert asked(server.url, "SHOW fsync") == fsync
        assert process.uids().real == store.stat().st_uid != 0
        used = server.used({"server_version": "15.1"})
    assert (used.name, used.started, used.version) == ("postgresql", True, "15.1")
    path = postgresql._program("postgres")
    assert path is not None
    assert used.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(stores.iterdir()) == []
    assert segment not in segments()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        asked(server.url, "SELECT 1")


@needs_postgresql
def test_server_and_store_and_shared_memory_are_gone_when_the_starter_is_killed(stores: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(stores)}
    with subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, env=environment) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline().startswith(b"postgresql://queuemark@127.0.0.1:")
        (store,) = stores.iterdir()
        _, segment = of(store)
        with opened(process.pid for process in psutil.Process(starter.pid).children(recursive=True)) as descriptors:
            starter.kill()
            assert gone(descriptors, 10)
    assert emptied(stores)
    assert segment not in segments()


def test_nothing_goes_on_when_the_starter_is_killed_while_the_first_files_are_made(stores: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(stores)}
    with subprocess.Popen([sys.executable, "-c", MAKER], stdout=subprocess.PIPE, env=environment) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"making\n"
        starter.kill()
    assert emptied(stores)
    assert none_left_of(str(stores))


def test_what_cannot_be_made_is_told_in_its_words() -> None:
    with pytest.raises(BrokerUnavailable, match="ended before it was ready; it said: no room here"):
        Program(Path("/bin/echo"), ("ready",), before=("/bin/sh", "-c", "echo no room here; exit 3")).await_words(
            (postgresql._READY,), 10
        )


def test_what_does_not_end_by_its_signal_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "_ENDED_S", 0.6)
    script = "trap '' QUIT; echo database system is ready to accept connections; while :; do sleep 60; done"
    started = Program(Path("/bin/sh"), ("-c", script), store=new_store("test"), ending=signal.SIGQUIT)
    started.await_words((postgresql._READY,), 10)
    assert started.fate() is None
    before = time.monotonic()
    started.end()
    assert time.monotonic() - before >= 0.6, "it had its time"


def test_without_the_program_there_is_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "PROGRAM", "no-such-server")
    lack = PostgreSQL().lack()
    assert lack is not None
    assert "no-such-server" in lack.reason
    assert "apt-get install postgresql" in lack.remedy
    assert "--server postgresql://" in lack.remedy


def test_a_server_that_runs_already_may_have_a_database_named() -> None:
    with PostgreSQL().at("postgresql://me@host/mine") as named:
        assert named.fate() is None
    with pytest.raises(UsageError, match="postgresql://HOST:5432"):
        PostgreSQL().at("postgresql://")
