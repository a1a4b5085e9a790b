"""Transports with a server between the ends: what is told of it, what is confirmed, what is bounded, what is left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from queuemark.brokers import nats
from queuemark.brokers.broker import Broker
from queuemark.brokers.nats import Nats
from queuemark.brokers.program import Program
from queuemark.brokers.redis import Redis
from queuemark.runners.python.catalogue import VARIABLE
from queuemark.runners.registry import PYTHON_RUNNER
from tests.brokers.fake_nats import FakeNats
from tests.brokers.test_redis import asked
from tests.faults.leftovers import none_left_of

OURS = """
import asyncio, threading
from queuemark.runners.python.transport import BACKLOG_ITEMS, AsyncTransport, Transport
from queuemark.runners.python.transports.asyncio_queue import AsyncioQueue
from queuemark.runners.python.transports.simple_queue import SimpleQueue

class Refuses(SimpleQueue):
    name, acks = "refuses", ("fence", "none")
    def confirm(self):
        raise OSError(122, "Disk quota exceeded")

class RefusesLater(AsyncioQueue):
    name, acks = "refuses-later", ("fence", "none")
    async def confirmed(self):
        await asyncio.sleep(0)
        raise OSError(122, "Disk quota exceeded")

class Bounded(SimpleQueue):
    name, params = "bounded", (*SimpleQueue.params, BACKLOG_ITEMS)
    def __init__(self, case):
        super().__init__(case)
        self.high = case.number("backlog_items") + case.consumers
    def open_consumer(self, index):
        get = super().open_consumer(index)
        def receive():
            if self.queue.qsize() > self.high:
                raise ValueError(f"{self.queue.qsize()} wait, of {self.high}")
            return get()
        return receive

class Late(SimpleQueue):
    name = "late"
    opened = 0
    def open_producer(self):
        put = self.queue.put
        def send(message):
            if self.opened < 2:
                raise ValueError("somebody was not there yet")
            put(message)
        return [send]
    def open_consumer(self, index):
        threading.Event().wait(0.2 * index)
        self.opened += 1
        return super().open_consumer(index)
"""

needs_redis = pytest.mark.skipif(Redis().lack() is not None, reason="redis-server is not installed")
needs_nats = pytest.mark.skipif(Nats().lack() is not None, reason="nats-server is not installed (extra nats)")
LOGIN = "redis://anna:secret@"


def performed(*words: str, environment: dict[str, str] | None = None) -> tuple[int, dict[str, Any], str]:
    command = [*PYTHON_RUNNER, "trial", *words]
    ended = subprocess.run(command, capture_output=True, env=environment, text=True, timeout=60, check=False)
    lines = ended.stdout.splitlines()
    assert "secret" not in ended.stdout + ended.stderr
    assert len(ended.stderr.splitlines()) <= 1
    return ended.returncode, json.loads(lines[-1]) if lines else {}, ended.stderr


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "our_transports.py"
    path.write_text(OURS)
    names = ("Refuses", "RefusesLater", "Bounded", "Late")
    return {**os.environ, VARIABLE: ",".join(f"{path}:{name}" for name in names)}


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    pytest.importorskip("redis", reason="redis-py is not installed (extra brokers)")
    with Redis().start() as server:
        yield server.url


# ---- what the runner does for all of them


@pytest.mark.parametrize("name", ["refuses", "refuses-later"])
def test_m05_what_is_not_confirmed_fails_the_trial(environment: dict[str, str], name: str) -> None:
    words = (name, "--items", "50", "--warmup", "0")
    code, result, _ = performed(*words, "--ack", "fence", environment=environment)
    assert (code, result["state"]) == (4, "failed")
    assert "the producer failed after 50 messages: OSError: Disk quota exceeded" in result["reason"]
    code, result, _ = performed(*words, "--ack", "none", environment=environment)
    assert (code, result["state"]) == (0, "ok"), "nobody asked for it"


@pytest.mark.parametrize(("consumers", "backlog"), [(1, 30), (2, 1)])
def test_no_more_waits_than_the_backlog_may_have(environment: dict[str, str], consumers: int, backlog: int) -> None:
    shape = ("--items", "2000", "--consumers", str(consumers), "-P", f"backlog_items={backlog}")
    code, result, _ = performed("bounded", *shape, environment=environment)
    assert (code, result["delivered"]) == (0, 2000), result


def test_nothing_is_sent_before_every_end_is_open(environment: dict[str, str]) -> None:
    code, result, _ = performed("late", "--items", "50", "--consumers", "2", environment=environment)
    assert (code, result["state"]) == (0, "ok"), result


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("redis-list",), "--server redis://HOST"),
        (("redis-list", "--server", "nats://anna:secret@host"), "--server redis://HOST"),
        (("nats-py", "--server", "tls://anna:secret@host?ca=/etc/ssl/ca.pem"), "nats-py speaks no TLS"),
        (("mp-queue", "--server", f"{LOGIN}host"), "mp-queue needs no server"),
        (("redis-list", "--server", f"{LOGIN}host", "--ack", "perhaps"), "none, fence, each or window:N"),
        (("redis-list", "--server", f"{LOGIN}host", "--ack", "window"), "none, fence, each or window:N"),
        (("redis-list", "--server", f"{LOGIN}host", "--ack", "window:0"), "from 1 to 65536"),
        (("redis-stream", "--pattern", "fanout", "--dispatch", "compete"), "--dispatch deal"),
        (("mp-queue", "--ack", "each"), "mp-queue cannot do ack each; it offers fence"),
    ],
)
def test_what_cannot_be_understood_is_refused_in_a_line(words: tuple[str, ...], said: str) -> None:
    code, result, told = performed(*words)
    assert (code, result) == (2, {})
    assert said in told


# ---- servers that are not there, or not to be had


def unavailable(*words: str) -> str:
    code, result, _ = performed(*words, "--items", "10")
    assert (code, result["state"]) == (3, "unavailable")
    assert result["remedy"]
    return str(result["reason"])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@needs_redis
@pytest.mark.usefixtures("redis_url")
def test_a_server_that_is_not_there_is_told_in_a_line() -> None:
    place = f"127.0.0.1:{free_port()}"
    reason = unavailable("redis-list", "--server", f"{LOGIN}{place}")
    assert place in reason
    assert "refused" in reason


@needs_redis
def test_a_login_that_is_refused_is_told_in_a_line(redis_url: str) -> None:
    place = redis_url.removeprefix("redis://")
    reason = unavailable("redis-stream", "--server", f"{LOGIN}{place}")
    assert place in reason
    assert "invalid username-password pair" in reason


@contextmanager
def pretended(info: bytes) -> Iterator[str]:
    """A server that says this of itself, and OK to all else."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            connection, _ = listener.accept()
            with connection:
                while said := connection.recv(4096):
                    for command in said.split(b"*")[1:]:
                        known = b"INFO" in command
                        connection.sendall(b"$%d\r\n%s\r\n" % (len(info), info) if known else b"+OK\r\n")

        threading.Thread(target=speak, daemon=True).start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}"


def test_a_server_that_is_too_old_is_told_in_a_line() -> None:
    pytest.importorskip("redis", reason="redis-py is not installed (extra brokers)")
    with pretended(b"redis_version:6.2.14\r\n") as url:
        reason = unavailable("redis-list", "--server", url)
    assert "6.2.14" in reason


@needs_nats
def test_a_nats_server_that_is_not_there_or_not_to_be_had_is_told_in_a_line() -> None:
    pytest.importorskip("nats", reason="nats-py is not installed (extra brokers)")
    place = f"127.0.0.1:{free_port()}"
    reason = unavailable("nats-py", "--server", f"nats://anna:secret@{place}")
    assert place in reason
    assert "refused" in reason.lower()
    with FakeNats(info='{"version":"2.0.0","headers":true,"max_payload":1000}') as server:
        reason = unavailable("nats-py", "--server", server.url, "--size", "1001")
    assert "messages of at most 1000 bytes" in reason


@needs_nats
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_nats_py_is_never_encrypted_unsaid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even by a server that it would believe."""
    pytest.importorskip("nats", reason="nats-py is not installed (extra brokers)")
    with Nats().start({"tls": "on"}) as server:
        address, _, ca_file = server.url.partition("?ca=")
        monkeypatch.setenv("SSL_CERT_FILE", ca_file)
        reason = unavailable("nats-py", "--server", address.replace("tls://", "nats://"))
    assert reason.endswith("takes TLS connections alone")


# ---- Redis


@needs_redis
@pytest.mark.parametrize(
    ("name", "ack", "policy"),
    [
        ("redis-list", "fence", "vector:20"),
        ("redis-list", "each", "each"),
        ("redis-list", "window:7", "each"),
        ("redis-stream", "none", "each"),
        ("redis-stream", "window:7", "vector:20"),
        ("redis-pubsub", "fence", "each"),
        ("redis-pubsub", "each", "vector:20"),
    ],
)
def test_every_ack_is_proved_and_nothing_is_left_on_the_server(
    redis_url: str, name: str, ack: str, policy: str
) -> None:
    words = (name, "--server", redis_url, "--items", "300", "--consumers", "2", "--ack", ack, "--policy", policy)
    code, result, _ = performed(*words)
    assert (code, result["delivered"]) == (0, 300), result
    assert result["granted"]["server_version"][0].isdigit()
    assert asked(redis_url, "DBSIZE") == b":0\r\n"


@needs_redis
@pytest.mark.parametrize("name", ["redis-pubsub", "redis-stream"])
def test_a_fan_out_is_published_once(redis_url: str, name: str) -> None:
    shape = ("--pattern", "fanout", "--consumers", "3", "--items", "100")
    code, result, _ = performed(name, "--server", redis_url, *shape)
    assert (code, result["producer"]["calls"], result["delivered"]) == (0, 100, 300), result


@needs_redis
def test_what_the_server_has_in_place_of_what_was_asked_for_is_told(redis_url: str) -> None:
    _, result, _ = performed("redis-list", "--server", redis_url, "--items", "50", "-P", "persist=always")
    assert (result["state"], result["granted"]["persist"]) == ("ok", "none")


@pytest.mark.parametrize(
    ("kind", "module", "name"),
    [
        pytest.param(Redis(), "redis", "redis-list", marks=needs_redis),
        pytest.param(Nats(), "nats", "nats-py", marks=needs_nats),
    ],
)
def test_a_server_that_dies_ends_the_trial(kind: Broker, module: str, name: str, tmp_path: Path) -> None:
    pytest.importorskip(module, reason=f"the client {module} is not installed (extra brokers)")
    before = set(psutil.Process().children())
    environment = {**os.environ, "MARK": str(tmp_path)}
    with kind.start() as server:
        (started,) = set(psutil.Process().children()) - before
        command = [*PYTHON_RUNNER, "trial", name, "--server", server.url, "--duration", "20"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as runner:
            assert runner.stdout is not None
            assert "ready" in runner.stdout.readline()
            started.send_signal(signal.SIGKILL)
            said, _ = runner.communicate(timeout=20)
    result = json.loads(said.splitlines()[-1])
    assert (runner.returncode, result["state"]) == (4, "failed")
    assert "ConnectionError" in result["reason"] or "ConnectionClosedError" in result["reason"]
    assert none_left_of(str(tmp_path))


# ---- nats-py


@pytest.fixture
def guarded() -> Iterator[str]:
    """Where a server is that wants a login."""
    program = Program(nats._program() or Path(), ("-a", "127.0.0.1", "-p", "-1", "--user", "bert", "--pass", "hidden"))
    try:
        address, _ = program.await_words((nats._ADDRESS, nats._READY), 10)
        yield address[1]
    finally:
        program.end()


@needs_nats
def test_nats_py_logs_in_or_is_refused_in_a_line(guarded: str) -> None:
    pytest.importorskip("nats", reason="nats-py is not installed (extra brokers)")
    assert "Authorization" in unavailable("nats-py", "--server", f"nats://anna:secret@{guarded}")
    code, result, _ = performed("nats-py", "--server", f"nats://bert:hidden@{guarded}", "--items", "10")
    assert (code, result["delivered"]) == (0, 10), result


@needs_nats
@pytest.mark.parametrize("dispatch", ["compete", "deal"])
def test_nats_py_gives_each_consumer_its_end_behind_its_messages(dispatch: str) -> None:
    pytest.importorskip("nats", reason="nats-py is not installed (extra brokers)")
    with Nats().start() as server:
        words = ("nats-py", "--server", server.url, "--items", "3000", "--consumers", "3", "--dispatch", dispatch)
        code, result, _ = performed(*words, "--warmup", "0.02")
    assert (code, result["delivered"], result["granted"]["server_version"][0]) == (0, 3000, "2"), result
