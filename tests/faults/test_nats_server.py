"""A real server: whom it cuts off is told; what JetStream delivers again, loses, or stores for others, too.

What is missing there is named.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from queuemark.brokers import nats
from queuemark.brokers.nats import Nats, StartedNats
from queuemark.model.events import Ready, Result, Tick, decode_event
from queuemark.runners.registry import Offer
from tests.conformance.runs import offer_of

pytestmark = pytest.mark.skipif(Nats().lack() is not None, reason="nats-server is not installed (extra nats)")

RATE_PER_S = 1000
PATIENT = ("--stall", "10")


def offered(name: str) -> Offer:
    found = offer_of(name)
    if found is None:
        pytest.skip(f"no runner here offers {name}")
    return found


@pytest.fixture
def offer() -> Offer:
    return offered("nats-js")


@pytest.fixture(scope="module")
def server() -> Iterator[StartedNats]:
    with Nats().start({"sync_interval": "default"}) as started:
        yield started


class Client:
    """Somebody else at the same server."""

    def __init__(self, server: StartedNats) -> None:
        host, _, port = server.url.removeprefix("nats://").partition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=5)
        self._lines = self._socket.makefile("rb")
        self._say(b'CONNECT {"verbose":false,"pedantic":false,"headers":true}')
        self._say(b"SUB _INBOX.test 1")

    def asked(self, subject: str, payload: bytes = b"") -> dict[str, Any]:
        """What JetStream answers."""
        self._say(b"PUB %s _INBOX.test %d\r\n%s" % (subject.encode(), len(payload), payload))
        line = self._lines.readline()
        while not line.startswith(b"MSG"):
            line = self._lines.readline()
        answer: dict[str, Any] = msgspec.json.decode(self._lines.read(int(line.split()[-1])))
        assert self._lines.readline() == b"\r\n"
        return answer

    def streams(self) -> list[str]:
        """The names of all streams there are."""
        return self.asked("$JS.API.STREAM.NAMES").get("streams") or []

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def _say(self, line: bytes) -> None:
        self._socket.sendall(line + b"\r\n")


def run(
    offer: Offer, server: StartedNats, *words: str, meanwhile: Callable[[Ready, Tick], bool] | None = None
) -> Result:
    """One trial; meanwhile: called with each tick of the window, until it says that it is done."""
    fixed = ("--server", server.url, "--size", "16", "--warmup", "0")
    command = [*offer.command, "trial", offer.transport.name, *fixed, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as trial:
        assert trial.stdout is not None
        for line in trial.stdout:
            event = decode_event(line.encode())
            if isinstance(event, Ready):
                ready = event
            if isinstance(event, Tick) and event.delivered and meanwhile is not None and meanwhile(ready, event):
                meanwhile = None
    assert isinstance(event, Result)
    assert trial.returncode in {"ok": (0,), "failed": (1, 4), "unavailable": (3,)}[event.state]
    assert "\n" not in (event.reason or "")
    return event


class Pause:
    """Stops a consumer when something has come, and lets it go on so many ticks later; between: called then."""

    def __init__(self, ticks: int, between: Callable[[], object] = lambda: None) -> None:
        self._ticks, self._between = ticks, between

    def __call__(self, ready: Ready, _: Tick) -> bool:
        pid = ready.consumer_pids[0]
        if self._ticks:
            os.kill(pid, signal.SIGSTOP)
            self._ticks -= 1
            return False
        self._between()
        os.kill(pid, signal.SIGCONT)
        return True


def test_a_consumer_that_is_too_slow_is_named_and_counted(tmp_path: Path) -> None:
    """What waits for it is too much for the server, which then closes its connection without a word.

    The server counts a connection once for each reason: its deadline of a write is far off here, so there is one.
    """
    (tmp_path / "strict.conf").write_text("max_pending: 1MB\n")
    strict = tmp_path / "nats-server"
    strict.write_text(f'#!/bin/sh\nexec {nats._program()} -c {tmp_path}/strict.conf "$@"\n')
    strict.chmod(0o755)
    with StartedNats(strict) as server:
        words = ("--size", "4096", "--policy", "buffer:65536", "--duration", "2.5", *PATIENT)
        result = run(offered("nats"), server, *words, meanwhile=Pause(ticks=5))
        used = server.used(result.granted)
    assert result.state == "failed"
    assert "consumer 0 failed" in (result.reason or "")
    assert "as it does with a consumer that is too slow" in (result.reason or "")
    assert used.slow_consumers == 1


SECONDS = ("--duration", "2.5", "--rate", str(RATE_PER_S), *PATIENT)


@pytest.mark.parametrize("words", [("--consumers", "3"), ("--consumers", "2", "--pattern", "fanout")])
def test_m01_what_is_delivered_again_is_counted_and_nothing_is_lost(
    offer: Offer, server: StartedNats, words: tuple[str, ...]
) -> None:
    """A consumer that acknowledges nothing for longer than ack_wait, and then goes on.

    It has asked for more than comes meanwhile: to a pull that is used up nothing is delivered again.
    """
    again = ("-P", "ack_wait=1s", "-P", "pull_items=10000")
    result = run(offer, server, *again, *words, *SECONDS, meanwhile=Pause(ticks=7))
    assert (result.state, result.reason) == ("ok", None)
    copies = 2 if "fanout" in words else 1
    assert (result.delivered, result.lost, result.corrupted) == (result.sent * copies, 0, 0)
    assert result.duplicated > 0
    assert result.reordered <= result.duplicated


def test_m01_a_consumer_that_stops_for_less_than_ack_wait_gets_nothing_twice(offer: Offer, server: StartedNats) -> None:
    result = run(offer, server, "--duration", "1.5", "--rate", str(RATE_PER_S), *PATIENT, meanwhile=Pause(ticks=2))
    assert (result.state, result.duplicated, result.reordered) == ("ok", 0, 0)


def test_m01_what_is_deleted_before_anybody_got_it_is_lost(offer: Offer, server: StartedNats) -> None:
    with Client(server) as client:

        def purge() -> None:
            (stream,) = client.streams()
            assert client.asked(f"$JS.API.STREAM.PURGE.{stream}")["purged"] > 0

        words = ("-P", "pull_items=1", "--duration", "1.5", "--rate", str(RATE_PER_S), *PATIENT)
        result = run(offer, server, *words, meanwhile=Pause(2, purge))
    assert result.state == "failed"
    assert result.lost > 0
    assert result.sent == result.delivered + result.lost
    assert f"{result.lost} lost of {result.sent} messages" in (result.reason or "")


def test_what_somebody_else_stores_in_the_stream_of_a_trial_is_found(offer: Offer, server: StartedNats) -> None:
    with Client(server) as client:

        def disturb(_: Ready, __: Tick) -> bool:
            (stream,) = client.streams()
            assert client.asked(f"qm.{stream.removeprefix('QM')}.other", b"x")["stream"] == stream
            return True

        result = run(offer, server, *SECONDS, meanwhile=disturb)
    assert result.state == "failed"
    assert "the producer failed" in (result.reason or "")
    assert "JetStream stored a message as number" in (result.reason or "")


def test_m01_nothing_is_lost_at_the_end_whoever_gets_it_first(offer: Offer, server: StartedNats) -> None:
    """JetStream may not have noticed yet what it has stored when consumers look for more."""
    for _ in range(20):
        result = run(offer, server, "--consumers", "4", "--items", "200")
        assert (result.state, result.delivered) == ("ok", 200), result


def test_a_stream_that_is_deleted_ends_the_trial(offer: Offer, server: StartedNats) -> None:
    with Client(server) as client:

        def delete(_: Ready, __: Tick) -> bool:
            (stream,) = client.streams()
            assert client.asked(f"$JS.API.STREAM.DELETE.{stream}")["success"] is True
            return True

        result = run(offer, server, *SECONDS, meanwhile=delete)
    assert result.state == "failed"
    assert any(
        words in (result.reason or "") for words in ("the stream is gone", "JetStream ended a pull with status 409")
    )


def test_nothing_stays_at_the_server(offer: Offer, server: StartedNats) -> None:
    assert run(offer, server, "--items", "100").state == "ok"
    assert run(offer, server, "--items", "100", "--inject", "drop").state == "failed"
    with Client(server) as client:
        assert client.streams() == []


def test_a_server_without_jetstream_is_named(offer: Offer) -> None:
    with Nats().start() as plain:
        result = run(offer, plain, "--items", "100")
    assert result.state == "unavailable"
    assert "JetStream is off" in (result.reason or "")


def test_a_server_that_syncs_in_another_way_is_named(offer: Offer, server: StartedNats) -> None:
    result = run(offer, server, "--items", "100", "-P", "sync_interval=always")
    assert result.state == "unavailable"
    assert "does not say that its sync_interval is always" in (result.reason or "")
    assert "sync_interval=default" in (result.remedy or "")
