"""Servers of NATS: one that is started is ready, tells what it is, and ends, whatever becomes of who started it."""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import psutil
import pytest

from queuemark.brokers import certificate, nats, program
from queuemark.brokers.broker import BrokerUnavailable
from queuemark.brokers.nats import Nats
from queuemark.model.errors import UsageError
from tests.faults.leftovers import gone, opened

pytestmark = pytest.mark.skipif(Nats().lack() is not None, reason="nats-server is not installed (extra nats)")


def place(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("nats://").partition(":")
    return host, int(port)


def greeting(url: str) -> bytes:
    """The first that a server says."""
    with socket.create_connection(place(url), timeout=5) as connection:
        return connection.recv(4096)


def children() -> set[psutil.Process]:
    return {child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE}


def test_a_server_speaks_as_soon_as_it_is_there_and_is_gone_behind_the_block() -> None:
    before = children()
    with Nats().start() as server:
        assert greeting(server.url).startswith(b"INFO {")
        (started,) = children() - before
        assert os.getpgid(started.pid) == started.pid, "Ctrl-C in the terminal does not reach it"
    assert not started.is_running()
    with pytest.raises(ConnectionRefusedError):
        greeting(server.url)


def test_two_servers_do_not_share_a_port() -> None:
    with Nats().start() as one, Nats().start() as other:
        assert one.url != other.url


def test_a_started_server_is_named_by_its_version_and_the_digest_of_its_program() -> None:
    with Nats().start() as server:
        used = server.used({"server_version": "2.15.1"})
    (started,) = [path for path in (nats._program(),) if path is not None]
    assert (used.name, used.started, used.version) == ("nats", True, "2.15.1")
    assert used.sha256 == hashlib.sha256(started.read_bytes()).hexdigest()
    assert used.slow_consumers == 0


def test_what_a_trial_takes_of_the_servers_cpu_is_counted() -> None:
    with Nats().start() as server:
        idle = server.used({}).cpu_ns
        with socket.create_connection(place(server.url), timeout=5) as connection:
            connection.sendall(
                b'CONNECT {"verbose":false,"pedantic":false}\r\n' + b"PUB a 1\r\nx\r\n" * 200_000 + b"PING\r\n"
            )
            said = b""
            while b"PONG" not in said:
                said += connection.recv(4096)
        busy = server.used({}).cpu_ns
    assert idle is not None
    assert busy is not None
    assert busy - idle > 1_000_000


def test_the_server_ends_when_its_starter_is_killed() -> None:
    code = (
        "from queuemark.brokers.nats import Nats\n"
        "import psutil, signal\n"
        "server = Nats().start()\n"
        "print(*[child.pid for child in psutil.Process().children()], server.url, flush=True)\n"
        "signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid, url = starter.stdout.readline().split()
        assert greeting(url).startswith(b"INFO {")
        with opened([int(pid)]) as descriptors:
            starter.kill()
            assert gone(descriptors)
    with pytest.raises(ConnectionRefusedError):
        greeting(url)


# ---- encrypted

NEEDS_OPENSSL = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


def shaken_hands(url: str, ca_file: str) -> dict[str, Any]:
    """What the server's certificate says, where those in this file are trusted."""
    address = urlsplit(url)
    assert address.hostname is not None
    with socket.create_connection((address.hostname, address.port or 0), timeout=5) as connection:
        said = connection.recv(4096)
        assert b'"tls_required":true' in said
        with ssl.create_default_context(cafile=ca_file).wrap_socket(
            connection, server_hostname=address.hostname
        ) as encrypted:
            shown: dict[str, Any] = encrypted.getpeercert() or {}
            return shown


@NEEDS_OPENSSL
def test_an_encrypted_server_is_believed_by_whom_its_address_says_and_by_nobody_else() -> None:
    with Nats().start({"tls": "on"}) as one, Nats().start({"tls": "on", "sync_interval": "always"}) as other:
        ca_files = [url.partition("?ca=")[2] for url in (one.url, other.url)]
        assert one.url.startswith("tls://127.0.0.1:")
        assert shaken_hands(one.url, ca_files[0])["subjectAltName"] == (("IP Address", "127.0.0.1"),)
        assert shaken_hands(other.url, ca_files[1])
        assert jetstream(other)["config"]["sync_always"] is True
        with pytest.raises(ssl.SSLCertVerificationError):
            shaken_hands(one.url, ca_files[1])
    assert not any(Path(ca_file).exists() for ca_file in ca_files)


def test_without_a_program_that_makes_certificates_there_is_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate, "PROGRAM", "no-such-program")
    with pytest.raises(BrokerUnavailable, match="no no-such-program on PATH") as caught:
        Nats().start({"tls": "on"})
    assert "apt-get install openssl" in caught.value.lack.remedy


def test_a_certificate_that_cannot_be_made_is_told_in_the_programs_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(tmp_path, "echo 'unknown option' -addext >&2; exit 1").rename(tmp_path / "openssl")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(BrokerUnavailable, match=r"certificate with .*: unknown option -addext"):
        Nats().start({"tls": "on"})


# ---- with JetStream


@pytest.fixture
def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where servers have their stores, those of other processes included that are started from here."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def jetstream(server: nats.StartedNats) -> dict[str, Any]:
    """What the server's monitor says of its JetStream."""
    asking = http.client.HTTPConnection(server._monitor, timeout=5)
    asking.request("GET", "/jsz")
    said: dict[str, Any] = msgspec.json.decode(asking.getresponse().read())
    asking.close()
    return said


@pytest.mark.parametrize(
    ("sync", "interval_s", "always"), [("default", 120, False), ("1s", 1, False), ("always", 120, True)]
)
def test_jetstream_syncs_as_a_case_says_and_its_store_is_gone_behind_the_block(
    stores: Path, sync: str, interval_s: int, always: bool
) -> None:
    with Nats().start({"sync_interval": sync}) as server:
        (store,) = stores.iterdir()
        config = jetstream(server)["config"]
        assert config["store_dir"].startswith(str(store))
        assert (config["sync_interval"], config.get("sync_always", False)) == (interval_s * 10**9, always)
        assert f'"server_name":"queuemark-sync-{sync}"'.encode() in greeting(server.url)
        assert server.used({}).slow_consumers == 0
    assert list(stores.iterdir()) == []


def test_without_a_case_that_needs_it_there_is_no_jetstream_and_no_store(stores: Path) -> None:
    with Nats().start({"storage": "file"}) as server:
        assert jetstream(server)["disabled"] is True
        assert list(stores.iterdir()) == []


def test_the_store_is_gone_when_its_starter_is_killed(stores: Path) -> None:
    code = (
        "from queuemark.brokers.nats import Nats\n"
        "import psutil, signal\n"
        "server = Nats().start({'sync_interval': 'always'})\n"
        "print(*[child.pid for child in psutil.Process().children(recursive=True)], flush=True)\n"
        "signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pids = [int(pid) for pid in starter.stdout.readline().split()]
        assert len(pids) == 2, "the server, and who removes its store"
        assert len(list(stores.iterdir())) == 1
        with opened(pids) as descriptors:
            starter.kill()
            assert gone(descriptors)
    assert list(stores.iterdir()) == []


def test_a_server_that_ends_by_itself_tells_how() -> None:
    for number, told in ((signal.SIGKILL, "was killed by SIGKILL"), (signal.SIGTERM, "ended with 0; it said: ")):
        before = children()
        with Nats().start() as server:
            assert server.fate() is None
            (started,) = children() - before
            with opened([started.pid]) as descriptors:
                started.send_signal(number)
                assert gone(descriptors)
            assert (server.fate() or "").startswith(told)
            assert server.used({}).cpu_ns is not None


def test_a_guard_whose_caller_has_ended_starts_nothing() -> None:
    command = [sys.executable, "-IS", program.guard.__file__, "1", "", "/bin/echo", "started"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "process 1, which has ended" in ended.stderr


def pretend(directory: Path, script: str) -> Path:
    path = directory / "nats-server"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'no such flag: -m' >&2; exit 2", "ended before it was ready; it said: no such flag: -m"),
        ("exit 0", "ended before it was ready"),
        ("echo 'Server is ready'; exec sleep 60", "was not ready within 0.6 s; it said: Server is ready"),
    ],
)
def test_a_server_that_does_not_come_up_is_told_in_its_own_words(
    script: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nats, "_READY_S", 0.6 if "sleep" in script else 10.0)
    before = children()
    path = pretend(tmp_path, script)
    with pytest.raises(BrokerUnavailable, match=said) as caught:
        nats.StartedNats(path)
    assert str(path) in str(caught.value)
    assert str(path) in caught.value.lack.remedy
    assert children() == before


def test_a_program_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(BrokerUnavailable, match="ended before it was ready"):
        nats.StartedNats(tmp_path / "none")


def test_without_the_program_there_is_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nats, "PROGRAM", "no-such-server")
    lack = Nats().lack()
    assert lack is not None
    assert "no-such-server" in lack.reason
    assert "pip install 'queuemark[nats]'" in lack.remedy
    assert "--server nats://" in lack.remedy


def test_the_program_is_looked_for_on_path_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path, "exit 0").rename(tmp_path / "another-server")
    monkeypatch.setattr(nats, "PROGRAM", "another-server")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Nats().lack() is None


def test_a_server_that_runs_already_is_left_running() -> None:
    with Nats().start() as running:
        with Nats().at(running.url) as named:
            assert named.url == running.url
            used = named.used({"server_version": "2.9"})
            assert (used.started, used.version, used.sha256, used.cpu_ns) == (False, "2.9", None, None)
        assert greeting(running.url).startswith(b"INFO {")


NOWHERE = ["nats://", "nats://:4222", "nats://a:0", "nats://a:70000", "http://a", "nats://a/b", "nats://a b"]
UNQUOTED = [
    "nats://me:s/t@a",
    "nats://me:s#t@a",
    "nats://s#t@a",
    "nats://me:s?t@a",
    "nats://me:s%zz@a",
    "nats://a?tls=1",
    "nats://a?ca=b",
    "tls://a?",
    "tls://a?ca=",
    "tls://a?cb=c",
    "tls://a?ca=b c",
    "tls://a?ca=b#c",
]


@pytest.mark.parametrize("url", [*NOWHERE, *UNQUOTED])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match=r"nats://HOST:4222.*write %2F for /"):
        Nats().at(url)


def test_an_address_with_a_login_is_one() -> None:
    logins = ("nats://a", "nats://me:secret@a:1", "nats://token@[::1]:4222/", "nats://me:%2F%23%25@a")
    for url in (*logins, "tls://me:secret@a", "tls://a:1?ca=/etc/ssl/own.pem", "tls://a/?ca=own%20one.pem"):
        assert Nats().at(url).url == url


def test_a_refused_address_does_not_repeat_its_password() -> None:
    with pytest.raises(UsageError) as caught:
        Nats().at("nats://me:s3cr3t@a:0")
    assert "s3cr3t" not in str(caught.value)
