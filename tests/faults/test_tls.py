"""What happens to encrypted messages on their way fails the trial by name, and what is only pretended is no success."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from queuemark.brokers.nats import Nats
from queuemark.model.events import Result, decode_event
from queuemark.runners.registry import Offer
from tests.conformance.runs import Load, offer_of
from tests.faults.test_pretended_calls import SIZE, STALL_S, refusal, run_attached, whose

RECORD_BYTES = 5 + 1 + 16
"""What TLS 1.3 has around the text of a record: its head, its kind and its tag."""
FRAME_BYTES = SIZE + 22
"""PUB, a subject of 11 letters and the size before the message, the end of a line behind it."""


@pytest.fixture
def offer() -> Offer:
    found = offer_of("nats")
    if found is None or not found.transport.available or shutil.which("openssl") is None:
        pytest.skip("nats, nats-server or openssl is not here")
    return found


def encrypted(**more: object) -> Load:
    return Load(size=SIZE, items=None, params={"tls": "on"}, more={"duration": 1, "stall": STALL_S, **more})


@pytest.mark.parametrize(
    ("end", "call", "what"),
    [
        ("producer", "sendto", f"retval={FRAME_BYTES + RECORD_BYTES}"),
        ("producer", "sendto", "error=EPIPE"),
        ("consumer", "recvfrom", f"retval={SIZE}"),
        ("consumer", "recvfrom", "retval=0"),
    ],
)
def test_m05_an_encrypted_call_that_is_only_pretended(offer: Offer, end: str, call: str, what: str) -> None:
    """A record that never went, or came twice, spoils all behind it."""
    if (reason := refusal()) is not None:
        pytest.skip(reason)
    result = run_attached(offer, encrypted(), whose(end), call, f"{what}:when=20")
    assert result.state == "failed"


def test_encrypted_calls_are_tried_again(offer: Offer) -> None:
    if (reason := refusal()) is not None:
        pytest.skip(reason)
    for end, call in (("producer", "sendto"), ("consumer", "recvfrom")):
        for error in ("EINTR", "EAGAIN"):
            result = run_attached(offer, encrypted(), whose(end), call, f"error={error}:when=20+7")
            assert result.state == "ok", result


@contextlib.contextmanager
def relayed(url: str, flipped: int) -> Iterator[str]:
    """The address of one that passes on what is said, to and from a server, but flips a bit of one byte to each client,
    the so-many-th."""
    address = urlsplit(url)

    def pass_on(giving: socket.socket, taking: socket.socket, flips: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while said := giving.recv(65536):
                changed = bytearray(said)
                if flips and passed <= flipped < passed + len(said):
                    changed[flipped - passed] ^= 1
                passed += len(said)
                taking.sendall(changed)
        with contextlib.suppress(OSError):
            taking.shutdown(socket.SHUT_WR)

    def accept(listener: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as ending:
            while True:
                client = ending.enter_context(listener.accept()[0])
                server = ending.enter_context(socket.create_connection((address.hostname, address.port or 0)))
                for giving, taking, flips in ((client, server, False), (server, client, True)):
                    threading.Thread(target=pass_on, args=(giving, taking, flips), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield f"tls://127.0.0.1:{listener.getsockname()[1]}?{address.query}"
        listener.shutdown(socket.SHUT_RDWR)


def run_at(offer: Offer, address: str, *words: str) -> Result:
    command = [*offer.command, "trial", "nats", "--server", address, "-P", "tls=on", "--warmup", "0", *words]
    ended = subprocess.run(command, capture_output=True, timeout=30, check=False)
    result = decode_event(ended.stdout.splitlines()[-1])
    assert isinstance(result, Result)
    return result


def test_m02_a_bit_that_changes_on_its_way_is_found_by_the_record_that_it_is_in(offer: Offer) -> None:
    """Not by the message: it would have to be decrypted first."""
    with Nats().start({"tls": "on"}) as server, relayed(server.url, flipped=20_000) as address:
        ended = run_at(offer, address, "--items", "2000")
    assert (ended.state, ended.corrupted) == ("failed", 0)
    assert "decrypt what the server says: decryption failed or bad record mac" in (ended.reason or "")
