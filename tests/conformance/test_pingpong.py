"""Request and reply: each request has one reply, and the account of both ends says so.

Where requests are replied to, the producer's calls are those of both directions, and so are a consumer's.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from queuemark.model.workload import PLACEMENTS
from queuemark.runners.registry import Offer
from tests.conformance.runs import Load, assert_kept_contract, assert_proved, fits, run_load
from tests.conformance.test_faults import AT_CONSUMERS
from tests.conformance.test_runners import MESSAGES, MIX, SIZES_BYTES

STALL_S = 0.8
SINGLE = ("each", "split")


@pytest.fixture
def answering(offer: Offer) -> Offer:
    """A transport whose consumers reply."""
    if "pingpong" not in offer.transport.facts.patterns:
        pytest.skip(f"{offer.transport.name} goes one way")
    return offer


def policies(offer: Offer) -> list[str]:
    return [policy for policy in SINGLE if policy in offer.transport.facts.policies]


def several(offer: Offer) -> tuple[int, ...]:
    """Numbers of consumers: those that compete cannot tell whose reply comes next."""
    return (1, 2, 5) if "deal" in offer.transport.facts.dispatches else (1,)


def asking(offer: Offer, in_flight: int = 1, **more: Any) -> Load:
    """Small writes go at once: what they wait for otherwise is no matter of counting."""
    at_once = {"nodelay": 1} if any(param.name == "nodelay" for param in offer.transport.params) else {}
    extra = {"in-flight": in_flight, **more.pop("more", {})}
    return Load(pattern="pingpong", params={**at_once, **more.pop("params", {})}, more=extra, **more)


@pytest.mark.parametrize("size", [1, 7, 8, 64, 5000, 1 << 20, None])
def test_m01_every_request_has_its_reply(answering: Offer, size: int | None) -> None:
    """None: the largest that the transport takes."""
    facts = answering.transport.facts
    size = size or facts.max_size_bytes
    if not fits(facts, size, 1):
        pytest.skip(f"{size} bytes are above the largest message here, {facts.max_size_bytes}")
    large = size > 5000
    for policy, consumers in product(policies(answering), (1,) if large else several(answering)):
        load = asking(answering, size=size, consumers=consumers, items=5 if large else 100, policy=policy)
        assert_proved(answering, load, run_load(answering, load))


@pytest.mark.parametrize("in_flight", [2, 3, 64])
def test_m01_several_requests_on_their_way(answering: Offer, in_flight: int) -> None:
    for policy, consumers in product(policies(answering), several(answering)):
        load = asking(answering, in_flight, consumers=consumers, items=500, policy=policy, warmup=0.01)
        assert_proved(answering, load, run_load(answering, load))


@pytest.mark.parametrize("wait", ["block", "spin", "spin-then-block"])
def test_nobody_waits_for_ever_where_both_ways_are_full(answering: Offer, wait: str) -> None:
    """More is on its way than both directions hold: an echo whose reply finds no room still takes requests."""
    facts = answering.transport.facts
    if not facts.lossless:
        pytest.skip(f"{answering.transport.name} drops what finds no room")
    size = min(facts.max_size_bytes, 200_000)
    narrow = {"slots": 1, "depth": 1}
    named = {name: value for name, value in narrow.items() if any(p.name == name for p in answering.transport.params)}
    load = asking(answering, 64, size=size, items=150, wait=wait, params=named)
    assert_proved(answering, load, run_load(answering, load))


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_round_trips_in_every_wait_and_placement(answering: Offer, placement: str) -> None:
    for wait, in_flight in product(answering.transport.facts.waits, (1, 8)):
        load = asking(answering, in_flight, wait=wait, placement=placement, items=40)
        assert_proved(answering, load, run_load(answering, load))


def test_round_trips_after_a_warm_up_and_for_a_time(answering: Offer) -> None:
    load = asking(answering, 4, consumers=several(answering)[-1], items=None, warmup=0.05, more={"duration": "0.2"})
    result = assert_proved(answering, load, run_load(answering, load))
    assert result.window_ns >= 200_000_000


@pytest.mark.parametrize("kind", ["messages", "mix"])
def test_replies_of_different_sizes(answering: Offer, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "messages"
    path.write_bytes(MESSAGES["lines"])
    more: dict[str, Any] = {"messages": path} if kind == "messages" else MIX
    size = 8 + max(SIZES_BYTES["lines"]) if kind == "messages" else 4096
    for consumers, in_flight in product(several(answering)[:2], (1, 5)):
        load = asking(answering, in_flight, size=size, consumers=consumers, items=200, more=more)
        assert_proved(answering, load, run_load(answering, load))


def test_a_request_is_one_call_and_so_is_its_reply(answering: Offer) -> None:
    """Where each waits for the other nothing comes together, so neither end makes a call more than it has to."""
    if not answering.transport.facts.copies:
        pytest.skip("messages are written and read in place")
    load = asking(answering, items=50, warmup=0)
    result = assert_proved(answering, load, run_load(answering, load))
    assert result.producer is not None
    assert result.producer.calls == 2 * load.items
    assert result.consumers[0].calls == 2 * load.items + 1, "the end takes one, too"


# ---- at a set rate


@pytest.mark.parametrize("wait", ["block", "spin", "spin-then-block"])
def test_m09_requests_are_sent_when_they_are_due(answering: Offer, wait: str) -> None:
    for in_flight, placement in product((1, 4), ("spread", "same")):
        more = {"rate": 1000}
        load = asking(answering, in_flight, wait=wait, placement=placement, items=100, more=more)
        result = assert_proved(answering, load, run_load(answering, load))
        assert result.window_ns >= 100_000_000


def test_m09_who_waits_for_a_reply_waits_from_when_it_was_due(answering: Offer) -> None:
    """Far more is asked for than comes back: what waits for its turn has waited since it was due."""
    load = asking(answering, placement="same", items=300, more={"rate": 100_000_000})
    latency = assert_proved(answering, load, run_load(answering, load)).latency
    assert latency is not None
    assert latency.raw is not None
    assert latency.histogram.sum_ns > 50 * latency.raw.sum_ns


def test_a_rate_for_a_time_lasts_that_time(answering: Offer) -> None:
    load = asking(answering, 2, consumers=several(answering)[-1], items=None, more={"duration": "0.2", "rate": 500})
    result = assert_proved(answering, load, run_load(answering, load))
    assert result.window_ns >= 200_000_000
    assert result.sent <= 100


def test_a_reply_is_taken_while_the_next_request_is_not_due(answering: Offer) -> None:
    """With several on their way at a low rate the time of a round trip is not that until the next request."""
    load = asking(answering, 4, items=20, more={"rate": 20})
    latency = assert_proved(answering, load, run_load(answering, load)).latency
    assert latency is not None
    assert latency.histogram.min_ns < 25_000_000


def test_every_round_trip_is_timed(answering: Offer) -> None:
    run = run_load(answering, asking(answering, more={"stamp-every": 8}))
    assert (run.exit_code, run.stdout) == (2, b"")
    assert "every round trip is timed" in run.stderr


# ---- faults


@pytest.mark.parametrize("fault", ["flip", "duplicate", "reorder"])
@pytest.mark.parametrize("size", [3, 64])
def test_m02_a_fault_in_a_request_is_counted_and_stops_nothing(answering: Offer, fault: str, size: int) -> None:
    found = {"flip": "corrupted", "duplicate": "duplicated", "reorder": "reordered"}[fault]
    for in_flight in (1, 4):
        load = asking(answering, in_flight, size=size, items=200, inject=fault)
        result = assert_kept_contract(run_load(answering, load))
        assert result.injected is not None
        assert result.injected.fault == fault
        tolerated = fault != "flip" and not answering.transport.facts.lossless
        assert result.state == ("ok" if tolerated else "failed"), result
        assert (result.sent, result.delivered, result.round_trips) == (200, 200, 200)
        assert {name: getattr(result, name) for name in ("corrupted", "duplicated", "reordered", "lost")} == {
            **dict.fromkeys(("corrupted", "duplicated", "reordered", "lost"), 0),
            found: 1,
        }


def test_m01_a_request_that_is_lost_is_waited_for_in_vain(answering: Offer) -> None:
    for in_flight in (1, 4):
        load = asking(answering, in_flight, items=200, inject="drop", more={"stall": STALL_S})
        result = assert_kept_contract(run_load(answering, load))
        assert result.state == "failed"
        assert "waits for a reply" in (result.reason or "")
        assert result.injected is not None
        assert (result.sent - result.delivered, result.lost) == (1, 1)


@pytest.mark.parametrize("fault", AT_CONSUMERS)
def test_a_consumer_that_is_gone_ends_the_trial(answering: Offer, fault: str) -> None:
    load = asking(answering, 3, consumers=several(answering)[-1], items=200, inject=fault, more={"stall": STALL_S})
    result = assert_kept_contract(run_load(answering, load))
    assert result.state == "failed"
    assert result.injected is not None
    assert result.injected.fault == fault
    assert ("killed by signal 9" if fault == "kill-consumer" else "stalled") in (result.reason or "")


# ---- what is refused


@pytest.mark.parametrize("policy", ["buffer:1000", "vector:4"])
def test_requests_are_not_gathered(answering: Offer, policy: str) -> None:
    if policy.partition(":")[0] not in answering.transport.facts.policies:
        pytest.skip(f"{answering.transport.name} has no such policy")
    run = run_load(answering, asking(answering, policy=policy))
    assert (run.exit_code, run.stdout) == (2, b"")
    assert "each or split" in run.stderr


def test_competing_consumers_do_not_reply(answering: Offer) -> None:
    if "compete" not in answering.transport.facts.dispatches:
        pytest.skip(f"consumers of {answering.transport.name} do not compete")
    run = run_load(answering, asking(answering, consumers=2, dispatch="compete"))
    assert (run.exit_code, run.stdout) == (2, b"")
    assert "one consumer" in run.stderr


def test_only_requests_are_in_flight(offer: Offer) -> None:
    run = run_load(offer, Load(more={"in-flight": 2}))
    assert (run.exit_code, run.stdout) == (2, b"")
    assert "--pattern pingpong" in run.stderr
