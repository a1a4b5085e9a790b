"""MQTT between the ends: each quality is proved, what it loses is told, and who refuses is named."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partialmethod
from typing import Any

import psutil
import pytest

from queuemark.brokers.mqtt import Mqtt
from queuemark.model.address import read_address
from queuemark.model.transport import ParamValue
from queuemark.runners.python.transport import Case
from queuemark.runners.python.transports.mqtt import Connection, MqttTopic, Publisher, ThreadedPublisher
from queuemark.runners.registry import PYTHON_RUNNER

pytest.importorskip("paho.mqtt", reason="paho-mqtt is not installed (extra brokers)")
from paho.mqtt.client import Client
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

needs_mosquitto = pytest.mark.skipif(Mqtt().lack() is not None, reason="mosquitto is not installed")

PUBLISH = 3


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Mqtt().start() as server:
        yield server.url


def performed(url: str, *words: str) -> tuple[int, dict[str, Any], str]:
    command = [*PYTHON_RUNNER, "trial", "mqtt", "--server", url, *words]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    lines = ended.stdout.splitlines()
    assert "secret" not in ended.stdout + ended.stderr
    return ended.returncode, json.loads(lines[-1]) if lines else {}, ended.stderr


@needs_mosquitto
@pytest.mark.parametrize(
    ("qos", "ack", "dispatch"),
    [
        ("0", "fence", "compete"),
        ("1", "each", "deal"),
        ("2", "each", "deal"),
        ("2", "window:7", "compete"),
    ],
)
def test_every_quality_is_proved(url: str, qos: str, ack: str, dispatch: str) -> None:
    shape = ("--items", "300", "--consumers", "3", "--warmup", "0.01", "--dispatch", dispatch)
    code, result, _ = performed(url, *shape, "--ack", ack, "-P", f"qos={qos}")
    assert (code, result["delivered"]) == (0, 300), result
    assert result["granted"]["server_version"][0] == "2"


@needs_mosquitto
def test_every_consumer_of_a_shared_subscription_gets_an_end_of_its_own(url: str) -> None:
    params: dict[str, ParamValue] = {"qos": "0", "backlog_items": 1000}
    transport = MqttTopic(Case(2, 64, params, run_id="ends", dispatch="compete", server=url))
    receive = [transport.open_consumer(index) for index in range(2)]
    (send,) = transport.open_producer()
    for message in (b"a", b"", b"b", b""):
        send(message)
    assert [(take(), take()) for take in receive] == [(b"a", b""), (b"b", b"")]


@needs_mosquitto
@pytest.mark.parametrize("qos", [0, 1])
def test_a_started_server_drops_nothing_that_waits(url: str, qos: int, monkeypatch: pytest.MonkeyPatch) -> None:
    place, topic, count = read_address(url, "mqtt", 1883), f"queuemark/waits-{qos}", 2000
    one_by_one = Properties(PacketTypes.CONNECT)
    one_by_one.ReceiveMaximum = 1
    with monkeypatch.context() as patch:
        patch.setattr(Client, "connect", partialmethod(Client.connect, properties=one_by_one))
        consumer = Connection(place)
    connection = Connection(place)
    consumer.subscribe(topic, qos)
    publisher = Publisher(connection, qos, 100)
    for number in range(count):
        publisher.send(topic, b"%1000d" % number)
    publisher.settle()
    assert [int(consumer.receive()) for _ in range(count)] == list(range(count))
    for end in (consumer, connection):
        end.close()


@needs_mosquitto
def test_a_fan_out_is_published_once(url: str) -> None:
    shape = ("--pattern", "fanout", "--dispatch", "deal", "--consumers", "3", "--items", "100")
    code, result, _ = performed(url, *shape)
    assert (code, result["producer"]["calls"], result["delivered"]) == (0, 100, 300), result


def test_quality_0_has_nothing_to_confirm() -> None:
    for ack in ("each", "window:2"):
        code, result, told = performed("mqtt://me:secret@127.0.0.1:1", "--ack", ack, "-P", "qos=0")
        assert (code, result) == (2, {})
        assert "take --ack fence or none" in told


# ---- what goes wrong on the way


def packets(said: bytes) -> Iterator[bytes]:
    """The packets that these bytes begin with (MQTT 5.0, 2.1): a type, the length of the rest in groups of 7 bits."""
    at = 0
    while at < len(said):
        rest = place = 0
        for place, group in enumerate(said[at + 1 : at + 5]):
            rest |= (group & 127) << 7 * place
            if group < 128:
                break
        end = at + 2 + place + rest
        if end > len(said):
            return
        yield said[at:end]
        at = end


class Thief:
    """Stands between clients and a server, and keeps one of the messages that are published."""

    def __init__(self, url: str, stolen: int) -> None:
        self._server, self._stolen = read_address(url, "mqtt", 1883), stolen
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock, self._published = threading.Lock(), 0
        self.url = f"mqtt://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((self._server.host, self._server.port))
                threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()
                threading.Thread(target=self._pass_back, args=(server, client), daemon=True).start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        held = b""
        with suppress(OSError):
            while said := client.recv(65_536):
                held += said
                for packet in packets(held):
                    held = held[len(packet) :]
                    if not self._steals(packet):
                        server.sendall(packet)
        server.close()

    def _steals(self, packet: bytes) -> bool:
        with self._lock:
            self._published += packet[0] >> 4 == PUBLISH
            return packet[0] >> 4 == PUBLISH and self._published == self._stolen

    def _pass_back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while said := server.recv(65_536):
                client.sendall(said)
        client.close()


@needs_mosquitto
def test_m01_what_quality_0_loses_fails_the_trial_and_is_not_counted(url: str) -> None:
    thief = Thief(url, stolen=50)
    try:
        code, result, _ = performed(thief.url, "--items", "100", "--warmup", "0", "-P", "qos=0")
    finally:
        thief.close()
    assert (code, result["state"], result["sent"]) == (4, "failed", 100), result
    assert (result["delivered"], result["lost"]) == (99, 1)
    assert "delivery not proved: 1 lost of 100 messages" in result["reason"]


@needs_mosquitto
def test_m05_what_the_server_passes_on_to_nobody_is_no_success(url: str) -> None:
    connections = [Connection(read_address(url, "mqtt", 1883)) for _ in range(2)]
    threaded = ThreadedPublisher(connections[1], 10)
    threaded._qos = 1  # Of the other qualities the server does not tell.
    for publisher in (Publisher(connections[0], 1, 10), threaded):
        with pytest.raises(ConnectionError, match="not passed on message 1: No matching subscribers"):
            for _ in range(20):
                publisher.send("queuemark/nobody", b"x")
    for connection in connections:
        connection.close()


@needs_mosquitto
def test_a_producer_is_told_of_the_servers_end(url: str) -> None:
    before = set(psutil.Process().children())
    with Mqtt().start() as server:
        (started,) = set(psutil.Process().children()) - before
        publisher = ThreadedPublisher(Connection(read_address(server.url, "mqtt", 1883)), 10)
        publisher.send("queuemark/nobody", b"x")
        publisher.settle()
        started.kill()
        with pytest.raises(ConnectionError):
            for _ in range(11):
                publisher.send("queuemark/nobody", b"x")


@needs_mosquitto
@pytest.mark.parametrize("qos", ["0", "2"])
def test_a_server_that_dies_ends_the_trial(qos: str) -> None:
    before = set(psutil.Process().children())
    with Mqtt().start() as server:
        (started,) = set(psutil.Process().children()) - before
        words = ("mqtt", "--server", server.url, "--duration", "20", "-P", f"qos={qos}")
        with subprocess.Popen([*PYTHON_RUNNER, "trial", *words], stdout=subprocess.PIPE, text=True) as runner:
            assert runner.stdout is not None
            assert "ready" in runner.stdout.readline()
            started.kill()
            said, _ = runner.communicate(timeout=20)
    result = json.loads(said.splitlines()[-1])
    assert (runner.returncode, result["state"]) == (4, "failed")
    assert "ConnectionError: " in result["reason"]


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


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"\x20\x03\x00\x86\x00", "Bad user name or password"),
        (b"\x20\x02\x00\x01", "Unsupported protocol version"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "rror"),
    ],
)
def test_who_refuses_is_told_in_a_line(said: bytes, told: str) -> None:
    with answering(said) as place:
        code, result, line = performed(f"mqtt://anna:secret@{place}", "--items", "10")
    assert (code, result["state"]) == (3, "unavailable")
    assert place in result["reason"]
    assert told in result["reason"]
    assert "mqtt://USER:PASSWORD@HOST" in result["remedy"]
    assert len(line.splitlines()) == 1


def test_a_server_that_is_not_there_is_told_in_a_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = f"127.0.0.1:{listener.getsockname()[1]}"
    code, result, _ = performed(f"mqtt://anna:secret@{place}")
    assert (code, result["state"]) == (3, "unavailable")
    assert f"{place}: Connection refused" in result["reason"]
