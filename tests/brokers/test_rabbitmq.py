"""Servers of RabbitMQ: ready when they are there, alone in their place, gone with all that they started."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from queuemark.brokers import rabbitmq
from queuemark.brokers.rabbitmq import RabbitMq
from queuemark.model.errors import UsageError
from tests.faults.leftovers import gone, none_left_of, opened

STARTS = """
from queuemark.brokers.rabbitmq import RabbitMq
import signal
server = RabbitMq().start()
print(server.url, flush=True)
signal.pause()
"""


def greeting(url: str) -> bytes:
    """The first that a server says to a client (AMQP 0-9-1, 4.2.2): a method, Connection.Start."""
    host, _, port = url.removeprefix("rabbitmq://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"AMQP\x00\x00\x09\x01")
        return connection.recv(4096)


def listening(processes: list[psutil.Process]) -> set[str]:
    """The addresses on which they wait for connections."""
    places = [place for process in processes for place in process.net_connections("inet")]
    return {place.laddr.ip for place in places if place.status == "LISTEN"}


@pytest.mark.skipif(RabbitMq().lack() is not None, reason="rabbitmq-server is not installed")
def test_a_server_keeps_to_its_place_and_is_gone_when_its_starter_is_killed(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "RABBITMQ_NODENAME": "another@elsewhere"}
    command = [sys.executable, "-c", STARTS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as starter:
        assert starter.stdout is not None
        url = starter.stdout.readline().strip()
        assert greeting(url).startswith(b"\x01\x00\x00")
        (store,) = tmp_path.iterdir()
        assert (store / "mnesia" / "queuemark@localhost").is_dir()
        started = psutil.Process(starter.pid).children(recursive=True)
        assert all(place.startswith("127.0.0.") for place in listening(started))
        # As the server does once a minute.
        asking = ["erl", "-boot", "no_dot_erlang", "-sname", "asking", "-noinput", "-s", "erlang", "halt"]
        subprocess.run(asking, env=started[0].environ(), capture_output=True, timeout=30, check=False)
        with opened(process.pid for process in started) as descriptors:
            starter.kill()
            assert gone(descriptors), "the server, its helpers, and what removes its store"
        assert none_left_of(str(tmp_path)), "no daemon of Erlang's, either"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        greeting(url)


def test_without_the_program_there_is_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rabbitmq, "PROGRAM", "no-such-server")
    monkeypatch.setattr(rabbitmq, "_DEBIANS", tmp_path / "none")
    lack = RabbitMq().lack()
    assert lack is not None
    assert "no-such-server" in lack.reason
    assert "apt-get install rabbitmq-server" in lack.remedy
    assert "--server rabbitmq://" in lack.remedy


def test_a_server_that_runs_already_is_only_named() -> None:
    with RabbitMq().at("rabbitmq://me:secret@host") as named:
        used = named.used({"server_version": "3.12.1"})
    assert (named.url, named.fate()) == ("rabbitmq://me:secret@host", None)
    assert (used.name, used.version, used.started, used.cpu_ns) == ("rabbitmq", "3.12.1", False, None)


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(UsageError, match="rabbitmq://HOST:5672"):
        RabbitMq().at("rabbitmq://")
