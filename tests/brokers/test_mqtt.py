"""Servers of MQTT: one that is started is ready, limits nothing, and ends, whatever becomes of who started it."""

from __future__ import annotations

import hashlib
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from queuemark.brokers import mqtt
from queuemark.brokers.mqtt import Mqtt
from queuemark.model.errors import UsageError
from tests.faults.leftovers import gone, opened

needs_mosquitto = pytest.mark.skipif(Mqtt().lack() is not None, reason="mosquitto is not installed")
CONNECT = b"\x10\x0f\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x02me"


def accepted(url: str) -> bool:
    """Whether a client without a login is let in (MQTT 5.0, 3.1 and 3.2)."""
    host, _, port = url.removeprefix("mqtt://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(CONNECT)
        said = connection.recv(4)
    return said[:1] == b"\x20" and said[3] == 0


@needs_mosquitto
def test_a_server_is_ready_when_it_is_there_and_gone_behind_the_block() -> None:
    before = set(psutil.Process().children())
    with Mqtt().start() as server:
        assert accepted(server.url)
        (started,) = set(psutil.Process().children()) - before
        assert {place.laddr.ip for place in started.net_connections() if place.status == "LISTEN"} == {"127.0.0.1"}
        used = server.used({"server_version": "2.0.11"})
    assert not started.is_running()
    with pytest.raises(ConnectionRefusedError):
        accepted(server.url)
    program = Path(mqtt._program() or "")
    assert (used.name, used.started, used.version) == ("mqtt", True, "2.0.11")
    assert used.sha256 == hashlib.sha256(program.read_bytes()).hexdigest()


@needs_mosquitto
def test_the_server_ends_when_its_starter_is_killed() -> None:
    code = (
        "from queuemark.brokers.mqtt import Mqtt\n"
        "import psutil, signal\n"
        "server = Mqtt().start()\n"
        "print(*[child.pid for child in psutil.Process().children()], server.url, flush=True)\n"
        "signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid, url = starter.stdout.readline().split()
        assert accepted(url)
        with opened([int(pid)]) as descriptors:
            starter.kill()
            assert gone(descriptors)


@needs_mosquitto
def test_a_server_that_runs_already_is_left_running() -> None:
    with Mqtt().start() as running:
        with Mqtt().at(running.url) as named:
            assert (named.url, named.used({}).started) == (running.url, False)
        assert accepted(running.url)


def test_without_the_program_there_is_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "PROGRAM", "no-such-server")
    lack = Mqtt().lack()
    assert lack is not None
    assert "no-such-server" in lack.reason
    assert "apt-get install mosquitto" in lack.remedy
    assert "--server mqtt://" in lack.remedy


def test_the_program_is_found_where_no_path_leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / mqtt.PROGRAM).write_text("")
    (tmp_path / mqtt.PROGRAM).chmod(0o755)
    monkeypatch.setenv("PATH", "/none")
    monkeypatch.setattr(mqtt, "_BESIDE_PATH", str(tmp_path))
    assert Mqtt().lack() is None


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(UsageError, match="mqtt://HOST:1883"):
        Mqtt().at("mqtt://")
