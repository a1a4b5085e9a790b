"""``queuemark run -t nats``: with a server of its own each trial, and with one that runs already."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from queuemark.brokers import nats
from queuemark.brokers.nats import Nats, StartedNats
from queuemark.brokers.program import Program
from queuemark.runners.registry import NATIVE_NAME, survey
from queuemark.store import Store

from .conftest import Call

SHORT = ("--items", "300", "--repeats", "1", "--no-probes", "--json", "-")
NARROW = ("-P", "send_buffer_bytes=65536")
FEW = ("--items", "40", "--repeats", "1", "--no-probes", "--json", "-")
NEEDS_OPENSSL = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
NEEDS_SERVER = pytest.mark.skipif(Nats().lack() is not None, reason="nats-server is not installed (extra nats)")


@pytest.fixture(autouse=True)
def native(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUEUEMARK_RUNNER")
    found = survey()
    if found.troubles:
        pytest.skip(f"{NATIVE_NAME} is missing: {found.troubles[0].reason}")


@NEEDS_SERVER
def test_m01_every_policy_ack_and_number_of_consumers_is_proved(call: Call) -> None:
    words = ("-s", "16,128", "-c", "0,1,4", "--policy", "buffer:16k,each", "--ack", "fence,each,none,window:8")
    answer = call("run", "-t", "nats", *words, *SHORT)
    assert answer.code == 0, answer.err
    cases = answer.json["cases"]
    assert len(cases) == 2 * 3 * 2 * 4
    for case in cases:
        (trial,), load = case["trials"], case["case"]["workload"]
        delivered = 300 if load["consumers"] else 0
        assert (trial["state"], trial["sent"], trial["delivered"], trial["lost"]) == ("ok", 300, delivered, 0)
        used = trial["broker"]
        assert (used["name"], used["started"], used["slow_consumers"]) == ("nats", True, 0)
        assert len(used["sha256"]) == 64
        assert used["version"] == trial["granted"]["server_version"]
        assert used["cpu_ns"] > 0
    assert not [child for child in psutil.Process().children() if "nats" in child.name()]


@NEEDS_SERVER
def test_m01_fan_outs_round_trips_and_headers_are_proved(call: Call) -> None:
    words = ("-c", "1,3", "--pattern", "share,fanout,pingpong", "--dispatch", "deal", "-P", "header_bytes=0,64")
    answer = call("run", "-t", "nats", *words, *SHORT)
    assert answer.code == 0, answer.err
    for case in answer.json["cases"]:
        (trial,), load = case["trials"], case["case"]["workload"]
        copies = load["consumers"] if load["pattern"] == "fanout" else 1
        assert (trial["state"], trial["delivered"]) == ("ok", 300 * copies)
        assert trial["round_trips"] == (300 if load["pattern"] == "pingpong" else 0)


@NEEDS_SERVER
@pytest.mark.parametrize(
    "words",
    [
        ("-c", "0,3", "--policy", "each,buffer:16k", "-P", "storage=file,memory"),
        ("-c", "3", "--pattern", "share,fanout", "--dispatch", "deal", "--ack", "each", "-P", "sync_interval=always"),
        ("-s", "5,4096", "--ack", "window:8", "-P", "pull_items=7", "-P", "header_bytes=64"),
    ],
)
def test_m01_what_jetstream_stores_is_proved(call: Call, words: tuple[str, ...]) -> None:
    answer = call("run", "-t", "nats-js", *words, *SHORT)
    assert answer.code == 0, answer.err
    for case in answer.json["cases"]:
        (trial,), load, params = case["trials"], case["case"]["workload"], case["case"]["params"]
        copies = load["consumers"] if load["pattern"] == "fanout" else min(load["consumers"], 1)
        assert (trial["state"], trial["sent"], trial["delivered"]) == ("ok", 300, 300 * copies)
        assert (trial["duplicated"], trial["reordered"]) == (0, 0)
        assert load["ack"] == (words[words.index("--ack") + 1] if "--ack" in words else "window:64")
        assert {name: trial["granted"][name] for name in ("storage", "sync_interval", "ack_wait")} == {
            name: params[name] for name in ("storage", "sync_interval", "ack_wait")
        }
        assert trial["broker"]["started"] is True


@NEEDS_SERVER
@NEEDS_OPENSSL
@pytest.mark.parametrize(
    ("transport", "words"),
    [
        ("nats", ("-s", "16", "-c", "0,3", "--policy", "buffer:64k,each", "--ack", "fence,window:8")),
        ("nats", ("-s", "1,200000", "--wait", "block,spin,spin-then-block", "-P", "read_bytes=1", *NARROW)),
        ("nats", ("-s", "100000", "--pattern", "fanout,pingpong", "--in-flight", "3", *NARROW)),
        ("nats-js", ("-s", "16,200000", "-c", "0,3", "--policy", "buffer:64k", "--wait", "block,spin", *NARROW)),
    ],
)
def test_m01_what_is_encrypted_is_proved(call: Call, transport: str, words: tuple[str, ...]) -> None:
    """Records that are cut anywhere, and connections that take a part of one."""
    answer = call("run", "-t", transport, *words, "-P", "tls=on", *FEW)
    assert answer.code == 0, answer.err
    for case in answer.json["cases"]:
        (trial,), load = case["trials"], case["case"]["workload"]
        assert (trial["state"], trial["delivered"]) == ("ok", 40 if load["consumers"] else 0)
        assert case["case"]["params"]["tls"] == trial["granted"]["tls"] == "on"
        assert trial["granted"]["tls_cipher"].startswith("TLSv1.3 ")


@pytest.fixture
def encrypted() -> Iterator[StartedNats]:
    """One that somebody else runs."""
    if shutil.which("openssl") is None or Nats().lack() is not None:
        pytest.skip("nats-server or openssl is not installed")
    with Nats().start({"tls": "on"}) as server:
        yield server


def test_who_is_trusted_is_in_the_address_or_in_the_environment(
    call: Call, encrypted: StartedNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, _, ca_file = encrypted.url.partition("?ca=")
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    for address in (plain, plain.replace("tls://", "nats://")):
        answer = call("run", "-t", "nats", "-P", "tls=on", "--server", address, *SHORT)
        assert answer.code == 0, answer.err
        assert ca_file not in answer.out
        assert answer.json["cases"][0]["trials"][0]["broker"]["started"] is False


@pytest.mark.parametrize(
    ("change", "words", "reason", "remedy"),
    [
        (
            (r"\?ca=.*", ""),
            ("-P", "tls=on"),
            "certificate is not believed: self-signed certificate",
            "tls://HOST:PORT?ca=",
        ),
        (("127.0.0.1", "localhost"), ("-P", "tls=on"), "not believed: hostname mismatch", "as its certificate does"),
        (("ca=.*", "ca=/no/such/file"), ("-P", "tls=on"), "from FILE: No such file", "certificates in PEM"),
        (("ca=.*", "ca=/dev/null"), ("-P", "tls=on"), "from FILE: no certificate", "certificates in PEM"),
        (("", ""), (), "the address asks for TLS, and the case is without", "take tls=on"),
        (("tls(.*)[?].*", r"nats\1"), (), "TLS connections alone", "take tls=on"),
    ],
)
def test_a_server_that_is_not_believed_is_told_in_one_line(
    call: Call, encrypted: StartedNats, change: tuple[str, str], words: tuple[str, ...], reason: str, remedy: str
) -> None:
    answer = call("run", "-t", "nats", *words, "--server", re.sub(*change, encrypted.url), *SHORT)
    assert answer.code == 3, answer.err
    (trial,) = answer.json["cases"][0]["trials"]
    assert trial["state"] == "unavailable"
    assert reason in trial["reason"]
    assert remedy in trial["remedy"]
    assert "\n" not in trial["reason"] + trial["remedy"]


@NEEDS_SERVER
def test_m04_what_is_accepted_has_a_rate_where_nobody_receives(call: Call) -> None:
    words = ("-c", "0", "--policy", "buffer:16k", "--duration", "100ms", "--repeats", "1", "--no-probes")
    answer = call("run", "-t", "nats", *words, "--json", "-")
    (case,) = answer.json["cases"]
    (trial,) = case["trials"]
    assert trial["delivered"] == 0
    assert trial["rate_per_s"] == pytest.approx(trial["sent"] * 1e9 / trial["window_ns"])
    assert trial["goodput_bytes_per_s"] == 0
    shown = call("show")
    assert "nobody was there to receive" in shown.out


@NEEDS_SERVER
def test_a_server_that_runs_is_used_and_neither_login_nor_place_is_kept(call: Call) -> None:
    with Nats().start() as server:
        place = server.url.removeprefix("nats://")
        answer = call("run", "-t", "nats", "--server", f"nats://me:s3cr3t@{place}", *SHORT)
        assert answer.code == 0, answer.err
        (case,) = answer.json["cases"]
        used = case["trials"][0]["broker"]
        assert (used["started"], used["sha256"], used["cpu_ns"]) == (False, None, None)
        assert used["version"]
        assert "s3cr3t" not in answer.out
        assert place not in answer.out
        assert "--server nats://HOST " in answer.json["session"]["plan"]["command"]


@NEEDS_SERVER
@pytest.mark.parametrize(
    ("words", "login"),
    [(("--auth", "s3cr3t"), "s3cr3t"), (("--user", "me", "--pass", "s3:cr@t"), "me:s3%3Acr%40t")],
)
def test_a_token_or_a_user_with_a_password_opens_a_server_that_asks_for_one(
    call: Call, words: tuple[str, ...], login: str
) -> None:
    server = Program(nats._program() or Path(), ("-a", "127.0.0.1", "-p", "-1", *words))
    try:
        (said,) = server.await_words((nats._ADDRESS,), 10)
        for name, state in ((login, "ok"), ("wrong", "unavailable"), ("wrong:wrong", "unavailable")):
            answer = call("run", "-t", "nats", "--server", f"nats://{name}@{said[1]}", *SHORT)
            (trial,) = answer.json["cases"][0]["trials"]
            assert trial["state"] == state
            assert state == "ok" or "'Authorization Violation'" in trial["reason"]
    finally:
        server.end()


def test_without_a_server_it_is_listed_with_the_reason_and_the_remedy(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nats, "PROGRAM", "no-such-server")
    listed = call("list")
    assert "nats (native) is not available: there is no no-such-server" in listed.out
    assert "pip install 'queuemark[nats]'" in listed.out
    answer = call("run", "-t", "nats", "--items", "10", "--repeats", "1", "--no-probes")
    assert answer.code == 3
    assert "pip install 'queuemark[nats]'" in answer.out + answer.err


@contextlib.contextmanager
def pretending(*answers: bytes) -> Iterator[str]:
    """A server that says these, the first at once and the others when it is told something, and then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                for number, answer in enumerate(answers):
                    if number:
                        connection.recv(65536)
                    connection.sendall(answer)
                connection.shutdown(socket.SHUT_WR)

        threading.Thread(target=speak, daemon=True).start()
        yield f"nats://127.0.0.1:{listener.getsockname()[1]}"


def info(**members: object) -> bytes:
    text = ",".join(f'"{name}":{value}' for name, value in {"version": '"2.0"', **members}.items())
    return f"INFO {{{text}}}\r\n".encode()


@pytest.mark.parametrize(
    ("answers", "reason", "remedy"),
    [
        ((info(),), "it has no TLS", "take tls=off"),
        (
            (info(tls_required="true", tls_verify="true"),),
            "asks its clients for a certificate",
            "a user and a password",
        ),
        ((info(tls_required="true") + b"PING\r\n",), "went on to speak where TLS was to begin", "see whether the user"),
        ((info(tls_available="true"), b"-ERR 'no'\r\n"), "does not agree on TLS: wrong version number", "TLS 1.2"),
        ((info(tls_required="true"), b""), "begin TLS: the server closed the connection", "server's log"),
        ((), "the server closed the connection", "without handshake_first"),
    ],
)
def test_what_keeps_tls_from_beginning_is_told_in_one_line(
    call: Call, answers: tuple[bytes, ...], reason: str, remedy: str
) -> None:
    with pretending(*answers) as address:
        answer = call("run", "-t", "nats", "-P", "tls=on", "--server", address, *SHORT)
    (trial,) = answer.json["cases"][0]["trials"]
    assert trial["state"] == "unavailable"
    assert reason in trial["reason"]
    assert remedy in trial["remedy"]
    assert "\n" not in trial["reason"] + trial["remedy"]


@pytest.mark.parametrize(
    ("answers", "reason", "remedy"),
    [
        ((b"HTTP/1.1 400 Bad Request\r\n",), "what is no protocol of NATS", "see whether a NATS server runs there"),
        ((), "the server closed the connection", "see whether a NATS server runs there"),
        ((info(tls_required="true"),), "TLS connections alone", "takes plain ones"),
        ((info(auth_required="true"),), "asks for a login", "nats://USER:PASSWORD@HOST:PORT"),
        ((info(), b"-ERR 'Authorization Violation'\r\n"), "'Authorization Violation'", "see whether the user"),
    ],
)
def test_what_keeps_a_server_from_serving_is_told_in_one_line(
    call: Call, answers: tuple[bytes, ...], reason: str, remedy: str
) -> None:
    with pretending(*answers) as address:
        answer = call("run", "-t", "nats", "--server", address, *SHORT)
    assert answer.code == 3, answer.err
    (trial,) = answer.json["cases"][0]["trials"]
    assert trial["state"] == "unavailable"
    assert reason in trial["reason"]
    assert remedy in trial["remedy"]
    assert "\n" not in trial["reason"] + trial["remedy"]


def test_a_server_that_is_not_there_is_named(call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = f"127.0.0.1:{listener.getsockname()[1]}"
    answer = call("run", "-t", "nats", "--server", f"nats://{place}", *SHORT)
    (trial,) = answer.json["cases"][0]["trials"]
    assert trial["state"] == "unavailable"
    assert trial["reason"] == "connect to the NATS server HOST: Connection refused"
    assert place not in answer.out


def test_a_refused_address_is_one_line(call: Call) -> None:
    answer = call("run", "-t", "nats", "--server", "nats://me:s3cr3t@", "--items", "10")
    assert answer.code == 2
    assert len(answer.err.splitlines()) == 1
    assert "s3cr3t" not in answer.err


def test_a_server_that_nothing_goes_through_is_one_line(call: Call) -> None:
    for more in (("-t", "tcp"), ("-t", "nats", "--print-plan")):
        answer = call("run", *more, "--server", "nats://127.0.0.1:4222", "--items", "10")
        assert answer.code == 2
        assert len(answer.err.splitlines()) == 1
        assert "--server" in answer.err


@NEEDS_SERVER
def test_an_interrupted_session_goes_on_with_servers_as_before(call: Call, data: Path) -> None:
    call("run", "-t", "nats", *SHORT)
    with Store.open(data) as store:
        session = store.find()
        store.finish(session.id, "interrupted")
    with Nats().start() as server:
        answer = call("run", "--resume", "--server", server.url)
    assert answer.code == 2
    assert "leave --server nats://... out" in answer.err
    assert call("run", "--resume").code == 0


def test_other_transports_need_somebody_to_receive(call: Call) -> None:
    answer = call("run", "-t", "tcp", "-c", "0", "--items", "10")
    assert answer.code == 2
    assert "nobody is there to receive" in answer.err
