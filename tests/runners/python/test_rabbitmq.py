"""RabbitMQ between the ends: each kind of queue is proved, what is refused is told, nothing stays on the server."""

from __future__ import annotations

import json
import queue
import socket
import subprocess
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from queuemark.brokers.rabbitmq import RabbitMq
from queuemark.model.transport import ParamValue
from queuemark.runners.python.transport import Case
from queuemark.runners.python.transports.rabbitmq import Publisher
from queuemark.runners.python.transports.rabbitmq import RabbitMq as RabbitMqQueue
from queuemark.runners.registry import PYTHON_RUNNER

amqp: Any = pytest.importorskip("amqp", reason="py-amqp is not installed (extra brokers)")
needs_rabbitmq = pytest.mark.skipif(RabbitMq().lack() is not None, reason="rabbitmq-server is not installed")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with RabbitMq().start() as server:
        yield server.url


def performed(url: str, *words: str) -> tuple[int, dict[str, Any], str]:
    command = [*PYTHON_RUNNER, "trial", "rabbitmq", "--server", url, *words]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    lines = ended.stdout.splitlines()
    assert "secret" not in ended.stdout + ended.stderr
    return ended.returncode, json.loads(lines[-1]) if lines else {}, ended.stderr


def left_on(url: str, asked: Callable[[Any], object]) -> bool:
    """Whether the server knows what is asked for."""
    with amqp.Connection(url.removeprefix("rabbitmq://")) as connection:
        try:
            asked(connection.channel())
        except amqp.NotFound:
            return False
    return True


@needs_rabbitmq
@pytest.mark.parametrize(
    ("kind", "ack", "acked", "dispatch"),
    [
        ("classic", "fence", "each", "compete"),
        ("durable", "each", "half", "deal"),
        ("quorum", "window:7", "half", "compete"),
    ],
)
def test_every_queue_is_proved_and_gone(url: str, kind: str, ack: str, acked: str, dispatch: str) -> None:
    name = f"{kind}-{dispatch}"
    shape = ("--items", "300", "--consumers", "3", "--warmup", "0.01", "--dispatch", dispatch, "--ack", ack)
    code, result, _ = performed(url, *shape, "--run-id", name, "-P", f"queue={kind}", "-P", f"acked={acked}")
    assert (code, result["delivered"]) == (0, 300), result
    assert result["granted"]["server_version"][0] == "3"
    made = f"queuemark-{name}" + ("-0" if dispatch == "deal" else "")
    assert not left_on(url, lambda channel: channel.queue_declare(made, passive=True))


@needs_rabbitmq
def test_who_was_sent_the_ends_of_all_gives_them_back(url: str) -> None:
    params: dict[str, ParamValue] = {"queue": "classic", "prefetch": 1000, "acked": "half"}
    transport = RabbitMqQueue(Case(2, 64, params, run_id="ends", dispatch="compete", server=url))
    first, second = [transport.open_consumer(index) for index in range(2)]
    (send,) = transport.open_producer()
    for message in (b"a", b"b", b"", b""):
        send(message)
    transport.confirm()
    assert [first() for _ in range(3)] == [b"a", b"b", b""]
    came: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=lambda: came.put(second()), daemon=True).start()
    assert came.get(timeout=10) == b""
    transport.clear_away()


@needs_rabbitmq
def test_a_fan_out_is_published_once(url: str) -> None:
    shape = ("--pattern", "fanout", "--dispatch", "deal", "--consumers", "3", "--items", "100", "--run-id", "all")
    code, result, _ = performed(url, *shape)
    assert (code, result["producer"]["calls"], result["delivered"]) == (0, 100, 300), result
    assert not left_on(url, lambda channel: channel.exchange_declare("queuemark-all", "fanout", passive=True))


# ---- confirmations


class Confirming:
    """A connection and its channel: what is published is confirmed when somebody waits, in turns as told."""

    def __init__(self, *answers: tuple[str, int, bool]) -> None:
        self.events: dict[str, set[Callable[[int, bool], None]]] = defaultdict(set)
        self._answers = list(answers)

    def channel(self) -> Confirming:
        return self

    def confirm_select(self) -> None:
        """As it is."""

    def basic_publish(self, message: Any, exchange: str, key: str) -> None:
        """Nothing is lost."""

    def drain_events(self) -> None:
        kind, tag, multiple = self._answers.pop(0)
        for answer in self.events[kind]:
            answer(tag, multiple)

    @property
    def unheard(self) -> int:
        return len(self._answers)


def test_no_more_than_the_window_waits_whatever_the_order_of_confirmations() -> None:
    server = Confirming(
        ("basic_ack", 2, False), ("basic_ack", 1, False), ("basic_ack", 4, True), ("basic_ack", 5, False)
    )
    send = Publisher(server, 3, persistent=False).sending("", "queue")
    heard = []
    for _ in range(5):
        send(b"x")
        heard.append(4 - server.unheard)
    # The third waits: the second alone is confirmed, which does not tell of the first; then both are.
    assert heard == [0, 0, 2, 2, 3]


def test_the_end_waits_for_every_confirmation() -> None:
    server = Confirming(("basic_ack", 2, False), ("basic_ack", 1, False))
    publisher = Publisher(server, 9, persistent=False)
    for _ in range(2):
        publisher.sending("", "queue")(b"x")
    assert server.unheard == 2
    publisher.settle("queue")
    assert server.unheard == 0


def test_m05_what_the_server_refuses_is_no_success() -> None:
    send = Publisher(Confirming(("basic_nack", 1, False)), 1, persistent=False).sending("", "queue")
    with pytest.raises(ConnectionError, match="refused message 1"):
        send(b"x")


# ---- servers that are not there, or not to be had


@contextmanager
def answering(said: bytes) -> Iterator[str]:
    """Something that says this to everybody, and no more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(said)

        threading.Thread(target=answer, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@needs_rabbitmq
def test_a_login_that_is_refused_is_told_in_a_line(url: str) -> None:
    place = url.removeprefix("rabbitmq://")
    code, result, line = performed(f"rabbitmq://anna:secret@{place}")
    assert (code, result["state"]) == (3, "unavailable")
    assert place in result["reason"]
    assert "Login was refused" in result["reason"]
    assert "rabbitmq://USER:PASSWORD@HOST" in result["remedy"]
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize("said", [b"AMQP\x00\x01\x00\x00", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_what_speaks_another_protocol_is_told_in_a_line(said: bytes) -> None:
    with answering(said) as place:
        code, result, line = performed(f"rabbitmq://anna:secret@{place}")
    assert (code, result["state"]) == (3, "unavailable")
    assert place in result["reason"]
    assert len(line.splitlines()) == 1


def test_a_server_that_is_not_there_is_told_in_a_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = f"127.0.0.1:{listener.getsockname()[1]}"
    code, result, _ = performed(f"rabbitmq://anna:secret@{place}")
    assert (code, result["state"]) == (3, "unavailable")
    assert f"{place}: ConnectionRefusedError: Connection refused" in result["reason"]
