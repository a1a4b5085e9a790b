"""A server that does wrong: whatever it does to messages, connections or its own protocol fails the trial by name.

What it may do, and real servers do, changes nothing.
"""

from __future__ import annotations

import subprocess
from itertools import count, product

import pytest

from queuemark.model.events import Result, decode_event
from queuemark.runners.registry import Offer
from tests.brokers.fake_nats import Delivery, FakeNats
from tests.conformance.runs import offer_of

ITEMS = 200
END = ".end"
STALL_S = "0.6"


@pytest.fixture
def offer() -> Offer:
    found = offer_of("nats")
    if found is None:
        pytest.skip("no runner here offers nats")
    return found


def run(offer: Offer, server: FakeNats, *words: str) -> Result:
    """One trial; whatever becomes of it, it ends in time and says so in one line."""
    command = [*offer.command, "trial", "nats", "--server", server.url, "--size", "16", "--warmup", "0"]
    ended = subprocess.run(
        [*command, "--items", str(ITEMS), "--stall", STALL_S, *words], capture_output=True, timeout=30, check=False
    )
    result = decode_event(ended.stdout.splitlines()[-1])
    assert isinstance(result, Result)
    assert ended.returncode in {"ok": (0,), "failed": (1, 4), "unavailable": (3,)}[result.state], ended
    assert "\n" not in (result.reason or "")
    return result


def messages_only(number: int, wrong: list[bytes]) -> FakeNats:
    """Instead of that message, not counting the end."""
    return FakeNats(lambda delivery: wrong if delivery.number == number else [delivery.frame])


LOADS = {
    "to one": (),
    "to three": ("--consumers", "3"),
    "dealt": ("--consumers", "3", "--dispatch", "deal", "-P", "deal_items=7"),
    "buffered": ("--policy", "buffer:1000"),
    "confirmed": ("--ack", "each"),
    "in a window": ("--ack", "window:9", "--policy", "buffer:300"),
}
"""Ways in which each message is delivered once; the probes come first, of which a deal has three."""


@pytest.mark.parametrize("words", LOADS.values(), ids=LOADS.keys())
def test_m01_a_server_that_does_right_is_believed(offer: Offer, words: tuple[str, ...]) -> None:
    with FakeNats() as server:
        result = run(offer, server, *words)
    assert (result.state, result.reason, result.sent, result.delivered) == ("ok", None, ITEMS, ITEMS)
    assert result.granted["server_version"] == "9.9.9"


@pytest.mark.parametrize("words", LOADS.values(), ids=LOADS.keys())
@pytest.mark.parametrize("place", [10, ITEMS // 2, ITEMS])
def test_m01_a_message_that_the_server_loses_is_counted(offer: Offer, words: tuple[str, ...], place: int) -> None:
    """No -ERR, no end of a connection: the numbers alone tell."""
    with messages_only(place, []) as server:
        result = run(offer, server, *words)
    assert (result.state, result.sent, result.lost) == ("failed", ITEMS, 1)
    assert f"1 lost of {ITEMS} messages" in (result.reason or "")


@pytest.mark.parametrize("words", LOADS.values(), ids=LOADS.keys())
def test_m01_a_message_that_comes_twice_is_counted(offer: Offer, words: tuple[str, ...]) -> None:
    with FakeNats(lambda delivery: [delivery.frame] * (2 if delivery.number == 50 else 1)) as server:
        result = run(offer, server, *words)
    assert (result.state, result.duplicated, result.lost) == ("failed", 1, 0)


def test_m01_messages_out_of_order_are_counted(offer: Offer) -> None:
    held: list[bytes] = []

    def late(delivery: Delivery) -> list[bytes]:
        if delivery.number == 50:
            held.append(delivery.frame)
            return []
        return [delivery.frame, *([held.pop()] if held else [])]

    with FakeNats(late) as server:
        result = run(offer, server)
    assert (result.state, result.reordered, result.lost) == ("failed", 1, 0)


def test_m02_a_damaged_message_is_counted(offer: Offer) -> None:
    def damaged(delivery: Delivery) -> list[bytes]:
        flipped = bytes([delivery.frame[-3] ^ 1])
        return [delivery.frame[:-3] + flipped + delivery.frame[-2:] if delivery.number == 50 else delivery.frame]

    with FakeNats(damaged) as server:
        result = run(offer, server)
    assert (result.state, result.corrupted) == ("failed", 1)


def test_an_end_that_does_not_come_is_waited_for_no_longer_than_the_stall(offer: Offer) -> None:
    with FakeNats(lambda delivery: [] if delivery.subject.endswith(END) else [delivery.frame]) as server:
        result = run(offer, server, "--consumers", "2")
    assert result.state == "failed"
    assert "stalled: nothing moved for 0.60 s" in (result.reason or "")


WRONG_FRAMES = {
    "to another subscription": (b"MSG qm.other 7 16\r\n0123456789abcdef\r\n", "subscription that nobody made"),
    "on another subject": (b"MSG qm.other 1 16\r\n0123456789abcdef\r\n", "subject that nobody subscribed to"),
    "longer than any": (b"MSG qm.other 1 17\r\n0123456789abcdefg\r\n", "a message of more than 16 bytes"),
    "without its end": (b"MSG qm.other 1 16\r\n0123456789abcdefgh", "does not end where it is to"),
    "no operation": (b"HELO\r\n", "an unknown operation"),
    "an error": (b"-ERR 'Stale Connection'\r\n", "the server says: 'Stale Connection'"),
    "no JSON": (b"INFO nothing\r\n", "no JSON object"),
}


@pytest.mark.parametrize(("frame", "reason"), WRONG_FRAMES.values(), ids=WRONG_FRAMES.keys())
def test_what_is_no_message_of_the_trial_ends_it_by_name(offer: Offer, frame: bytes, reason: str) -> None:
    with FakeNats(lambda delivery: [delivery.frame, *([frame] if delivery.number == 50 else [])]) as server:
        result = run(offer, server)
    assert result.state == "failed"
    assert "consumer 0 failed" in (result.reason or "")
    assert reason in (result.reason or "")


def test_a_consumer_whose_connection_is_closed_is_named(offer: Offer) -> None:
    """As a server does it with one that is too slow: without a word."""

    def cut(server: FakeNats, _: object) -> None:
        if sum(client.published for client in server.clients) == 50:
            server.consumers()[1].end()

    with FakeNats(on_publish=cut) as server:
        result = run(offer, server, "--consumers", "2", "--dispatch", "deal", "-P", "deal_items=1")
    assert result.state == "failed"
    assert "consumer 1 failed" in (result.reason or "")
    assert "closed the connection without a word, as it does with a consumer that is too slow" in (result.reason or "")


def test_a_producer_whose_connection_is_closed_says_what_the_server_said(offer: Offer) -> None:
    def refuse(server: FakeNats, client: object) -> None:
        (publisher,) = [each for each in server.clients if each is client]
        if publisher.published == 50:
            publisher.say(b"-ERR 'Maximum Payload Violation'\r\n")
            publisher.end()

    with FakeNats(on_publish=refuse) as server:
        result = run(offer, server, "--ack", "each")
    assert result.state == "failed"
    assert "the producer failed" in (result.reason or "")
    assert "the server says: 'Maximum Payload Violation'" in (result.reason or "")


def test_m05_a_confirmation_that_does_not_come_is_waited_for(offer: Offer) -> None:
    for ack in ("each", "window:5"):
        with FakeNats(confirms=False) as server:
            result = run(offer, server, "--ack", ack)
        assert result.state == "failed"
        assert "stalled" in (result.reason or "")


def test_pings_and_later_infos_change_nothing(offer: Offer) -> None:
    """They come between messages, to both ends. Until its PINGs are answered a consumer gets nothing more."""
    answered: list[bool] = []

    def chatter(server: FakeNats, _: object) -> None:
        if sum(client.published for client in server.clients) % 20 == 0:
            for client in server.clients:
                client.say(b'PING\r\nINFO {"version":"9.9.9","max_payload":1048576}\r\nPING\r\n')
            answered.extend(client.pongs.acquire(timeout=5) for client in server.consumers() for _ in range(2))

    for ack, consumers in product(("fence", "each"), ("1", "2")):
        with FakeNats(on_publish=chatter) as server:
            result = run(offer, server, "--ack", ack, "--consumers", consumers)
        assert (result.state, result.delivered) == ("ok", ITEMS), result
    assert answered == [True] * (2 * (1 + 2) * 2 * (ITEMS // 20))


def test_a_server_that_takes_less_than_a_message_is_named(offer: Offer) -> None:
    with FakeNats(info='{"version":"1","headers":false,"max_payload":15}') as server:
        command = [*offer.command, "trial", "nats", "--server", server.url, "--size", "16", "--items", "5"]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "takes at most 15 bytes, and a message has 16" in ended.stderr


def test_a_server_without_headers_is_named(offer: Offer) -> None:
    with FakeNats(info='{"version":"1","headers":false}') as server:
        result = run(offer, server, "-P", "header_bytes=30")
    assert (result.state, result.remedy) == ("unavailable", "take header_bytes=0")


# ---- requests and replies

ASKING = ("--pattern", "pingpong", "--consumers", "2", "--in-flight", "4")


def test_m01_replies_find_their_requests(offer: Offer) -> None:
    with FakeNats() as server:
        result = run(offer, server, *ASKING)
    assert (result.state, result.round_trips) == ("ok", ITEMS)


def test_m01_a_reply_that_is_lost_is_waited_for_no_longer_than_the_stall(offer: Offer) -> None:
    with FakeNats(lambda delivery: [] if delivery.number == 101 else [delivery.frame]) as server:
        result = run(offer, server, *ASKING)
    assert result.state == "failed"
    assert "waits for a reply" in (result.reason or "")


def test_a_ping_amid_a_reply_is_answered_behind_it(offer: Offer) -> None:
    """A reply that finds too little room is sent in parts, and requests are taken between these."""

    def ping(server: FakeNats, _: object) -> None:
        for client in server.consumers():
            client.say(b"PING\r\n")

    words = ("--size", "200000", "--items", "20", "--pattern", "pingpong", "--in-flight", "2")
    with FakeNats(on_publish=ping) as server:
        result = run(offer, server, *words, "-P", "send_buffer_bytes=65536")
    assert (result.state, result.reason, result.round_trips) == ("ok", None, 20)


def test_m01_a_reply_that_comes_twice_is_found(offer: Offer) -> None:
    replies = count(1)

    def twice(delivery: Delivery) -> list[bytes]:
        reply = delivery.subject.startswith("_INBOX")
        return [delivery.frame] * (2 if reply and next(replies) == ITEMS // 2 else 1)

    with FakeNats(twice) as server:
        result = run(offer, server, *ASKING)
    assert result.state == "failed"
    assert "1 replies were damaged, lost, repeated or out of order" in (result.reason or "")
