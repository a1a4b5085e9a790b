"""Servers of Redis: ready when they are there, as durable as the case wants, gone with what they kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from queuemark.brokers import ports, program, redis
from queuemark.brokers.redis import Redis
from queuemark.model.errors import UsageError
from tests.faults.leftovers import gone, opened

pytestmark = pytest.mark.skipif(Redis().lack() is not None, reason="redis-server is not installed")


def asked(url: str, *words: str) -> bytes:
    """What the server answers to a command."""
    host, _, port = url.removeprefix("redis://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(" ".join(words).encode() + b"\r\n")
        return connection.recv(4096)


@pytest.fixture
def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where servers have their directories."""
    monkeypatch.setattr(program.tempfile, "tempdir", str(tmp_path))
    return tmp_path


def within(stores: Path, count: int) -> bool:
    """Waits until so many stores are there: they are made and removed by others."""
    deadline = time.monotonic() + 5
    while len(list(stores.iterdir())) != count:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_a_server_speaks_as_soon_as_it_is_there_and_nothing_of_it_is_left_behind_the_block(stores: Path) -> None:
    with Redis().start({"persist": "everysec"}) as server:
        assert asked(server.url, "PING") == b"+PONG\r\n"
        (store,) = stores.iterdir()
        assert store.stat().st_mode & 0o777 == 0o700
        assert list(store.glob("*/*.aof")), "what it writes is there"
    assert list(stores.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        asked(server.url, "PING")


@pytest.mark.parametrize(
    ("persist", "appendonly", "appendfsync"),
    [("none", b"no", b"everysec"), ("everysec", b"yes", b"everysec"), ("always", b"yes", b"always")],
)
def test_how_durable_a_server_is_the_case_decides(persist: str, appendonly: bytes, appendfsync: bytes) -> None:
    with Redis().start({"persist": persist, "other": 3}) as server:
        assert appendonly in asked(server.url, "CONFIG", "GET", "appendonly").split()
        assert appendfsync in asked(server.url, "CONFIG", "GET", "appendfsync").split()


def test_a_server_is_named_by_its_program_and_its_cpu_time_is_counted() -> None:
    with Redis().start() as server:
        idle = server.used({}).cpu_ns
        assert asked(server.url, "EVAL", '"for i=1,3000000 do local a=i*i end return 1"', "0") == b":1\r\n"
        used = server.used({"server_version": "7.0.15"})
    path = Path(shutil.which(redis.PROGRAM) or "")
    assert (used.name, used.started, used.version) == ("redis", True, "7.0.15")
    assert used.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (used.cpu_ns or 0) - (idle or 0) > 1_000_000


def test_server_and_store_are_gone_when_the_starter_is_killed(stores: Path) -> None:
    code = (
        "from queuemark.brokers.redis import Redis\n"
        "import signal\n"
        "server = Redis().start()\n"
        "print(server.url, flush=True)\n"
        "signal.pause()\n"
    )
    environment = {**os.environ, "TMPDIR": str(stores)}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as starter:
        assert starter.stdout is not None
        url = starter.stdout.readline().strip()
        assert asked(url, "PING") == b"+PONG\r\n"
        assert len(list(stores.iterdir())) == 1
        started = psutil.Process(starter.pid).children(recursive=True)
        with opened(child.pid for child in started) as descriptors:
            starter.kill()
            assert gone(descriptors), "the server, and the process that removes its store"
    assert list(stores.iterdir()) == []


def test_a_server_that_is_killed_leaves_no_store(stores: Path) -> None:
    before = set(psutil.Process().children())
    with Redis().start() as server:
        (started,) = set(psutil.Process().children()) - before
        with opened([started.pid]) as descriptors:
            started.kill()
            assert gone(descriptors)
        assert server.fate() == "was killed by SIGKILL"
        assert within(stores, 0)


def test_a_guard_whose_caller_has_ended_makes_no_store(tmp_path: Path) -> None:
    store = tmp_path / "store"
    command = [sys.executable, "-IS", program.guard.__file__, "1", str(store), "/bin/true"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
    assert not store.exists()


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_port_that_somebody_took_is_left_to_them(taken: int, stores: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free, tried = ports._free_port, []

    def chosen() -> int:
        tried.append(taken if not tried else free())
        return tried[-1]

    monkeypatch.setattr(ports, "_free_port", chosen)
    with Redis().start() as server:
        assert len(tried) == 2
        assert server.url == f"redis://127.0.0.1:{tried[1]}"
        assert len(list(stores.iterdir())) == 1


def test_without_the_program_there_is_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "PROGRAM", "no-such-server")
    lack = Redis().lack()
    assert lack is not None
    assert "no-such-server" in lack.reason
    assert "apt-get install redis-server" in lack.remedy
    assert "--server redis://" in lack.remedy


def test_a_server_that_runs_already_is_left_running() -> None:
    with Redis().start() as running:
        with Redis().at(running.url) as named:
            assert named.url == running.url
            used = named.used({"server_version": "7.2"})
            assert (used.started, used.version, used.sha256, used.cpu_ns) == (False, "7.2", None, None)
            assert named.fate() is None
        assert asked(running.url, "PING") == b"+PONG\r\n"


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(UsageError, match="redis://HOST:6379"):
        Redis().at("redis://")
