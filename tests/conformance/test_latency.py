"""Latencies: every message that ought to have a sample has one, counted from when it was due (M9, M11).

That the samples of every other trial of this suite are as many as they must be, ``assert_proved`` sees to.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from itertools import product
from pathlib import Path

import pytest

from queuemark.model.events import Ready, Result, Tick, decode_event
from queuemark.model.histogram import PERCENTILES, percentile_ns
from queuemark.model.latency import Histogram
from queuemark.runners.registry import Offer
from tests.conformance.runs import Load, assert_proved, offer_of, policies, run_load, trial_command

RATE = 20_000
PACED = {"rate": RATE}


@pytest.mark.parametrize("consumers", [1, 4])
def test_m11_each_paced_message_has_a_latency(offer: Offer, consumers: int) -> None:
    for size, policy in product((1, 8, 64), policies(offer.transport.facts, consumers, 64)):
        load = Load(size=size, consumers=consumers, items=300, policy=policy, more=PACED)
        assert_proved(offer, load, run_load(offer, load))


@pytest.mark.parametrize("every", [1, 7, 64])
def test_one_message_in_so_many_is_stamped(offer: Offer, every: int) -> None:
    for more, policy in product(({}, PACED), policies(offer.transport.facts, 4, 16)):
        load = Load(size=16, consumers=4, items=500, policy=policy, more={**more, "stamp-every": every})
        assert_proved(offer, load, run_load(offer, load))


def test_waits_and_placements_pace_alike(offer: Offer) -> None:
    for wait, placement in product(offer.transport.facts.waits, ("spread", "same", "free")):
        load = Load(consumers=2, wait=wait, placement=placement, items=100, more=PACED)
        assert_proved(offer, load, run_load(offer, load))


def test_a_fan_out_has_a_latency_for_each_copy(offer: Offer) -> None:
    if "fanout" not in offer.transport.facts.patterns:
        pytest.skip(f"{offer.transport.name} has no fan-out")
    for more, policy in product(({}, PACED), policies(offer.transport.facts, 3, 16)):
        load = Load(size=16, consumers=3, pattern="fanout", items=300, policy=policy, more=more)
        assert_proved(offer, load, run_load(offer, load))


@pytest.mark.parametrize("in_flight", [1, 5])
def test_m09_requests_are_asked_when_they_are_due(offer: Offer, in_flight: int) -> None:
    if "pingpong" not in offer.transport.facts.patterns:
        pytest.skip(f"{offer.transport.name} has no way back")
    for consumers, rate in product((1, 3), (None, 5000)):
        if consumers > 1 and "deal" not in offer.transport.facts.dispatches:
            continue
        more = {"in-flight": in_flight, **({"rate": rate} if rate else {})}
        load = Load(size=16, consumers=consumers, pattern="pingpong", items=200, more=more)
        result = assert_proved(offer, load, run_load(offer, load))
        if rate and result.latency is not None:
            assert result.window_ns >= 200 * 1_000_000_000 // rate
            assert result.latency.pacing is not None
            assert result.latency.histogram.samples == result.latency.pacing.samples == 200


@pytest.mark.parametrize("consumers", [1, 4])
def test_own_messages_and_mixes_are_paced_and_stamped(offer: Offer, consumers: int, tmp_path: Path) -> None:
    path = tmp_path / "messages"
    path.write_text("".join(f"{'z' * (number % 50)}{number}\n" for number in range(100)))
    for own, more in product(({"messages": path}, {"mix": "16:50,90:50"}), ({}, PACED, {"stamp-every": 3})):
        load = Load(size=90 if "mix" in own else 64, consumers=consumers, items=400, more={**own, **more})
        assert_proved(offer, load, run_load(offer, load))


def test_the_deal_is_paced_message_by_message(offer: Offer) -> None:
    if not any(param.name == "deal_items" for param in offer.transport.params):
        pytest.skip(f"{offer.transport.name} does not deal")
    for deal_items in (1, 7, 1000):
        load = Load(consumers=3, items=200, params={"deal_items": deal_items}, more=PACED)
        assert_proved(offer, load, run_load(offer, load))


def test_no_message_is_sent_before_it_is_due(offer: Offer) -> None:
    load = Load(consumers=2, items=None, more={"rate": 1000, "duration": "0.3"})
    result = assert_proved(offer, load, run_load(offer, load))
    assert 0 < result.sent <= 300
    assert result.window_ns >= 300_000_000
    assert result.progress
    for elapsed_ns, delivered in result.progress:
        assert delivered <= elapsed_ns * 1000 / 1e9 + 1


def test_so_many_messages_take_as_long_as_their_rate_says(offer: Offer) -> None:
    load = Load(items=50, more={"rate": 500})
    result = assert_proved(offer, load, run_load(offer, load))
    assert result.send_window_ns >= 50 * 1_000_000_000 // 500


def test_what_lingers_is_sent_while_the_producer_waits(offer: Offer) -> None:
    if "buffer" not in offer.transport.facts.policies:
        pytest.skip(f"{offer.transport.name} has no buffers")
    lone = Load(size=16, items=20, policy="buffer:4096", more={"rate": 100, "linger-us": 1000})
    result = assert_proved(offer, lone, run_load(offer, lone))
    assert result.producer is not None
    assert result.producer.calls > 10, "each lingers by itself, but where the machine stood still"
    # A fence at the end is asked for by calls of its own.
    unfenced = {"ack": "none"} if "none" in offer.transport.facts.acks else {}
    gathered = Load(size=16, items=20, policy="buffer:4096", more={"rate": 1000, **unfenced})
    result = assert_proved(offer, gathered, run_load(offer, gathered))
    assert result.producer is not None
    assert result.producer.calls <= 2, "one write, and the end"


def test_a_slow_rate_is_no_standstill(offer: Offer) -> None:
    load = Load(items=3, policy="each", more={"rate": 2, "stall": "0.3"})
    assert_proved(offer, load, run_load(offer, load))


def test_a_fault_leaves_the_other_latencies_whole(offer: Offer) -> None:
    for inject, more in product(("drop", "duplicate", "reorder", "flip"), ({}, PACED)):
        load = Load(size=16, items=300, inject=inject, more={**more, "stamp-every": 1})
        result = run_load(offer, load).result
        assert result.injected is not None
        if result.latency is None:
            pytest.fail("the trial came to its end")
        spoiled = 0 if inject in ("duplicate", "reorder") else 1
        assert result.latency.histogram.samples + result.latency.missed == 300 - spoiled - _lost(result, inject)


def _lost(result: Result, inject: str) -> int:
    return result.lost - (inject == "drop")


def test_a_trial_that_was_cut_off_tells_no_latency(offer: Offer) -> None:
    result = run_load(offer, Load(items=5000, inject="kill-consumer")).result
    assert (result.state, result.latency) == ("failed", None)


def test_progress_is_told_in_so_many_points_at_most() -> None:
    offer = offer_of("pipe")
    if offer is None:
        pytest.skip("no runner here has pipes")
    load = Load(items=None, more={"duration": "2"})
    progress = assert_proved(offer, load, run_load(offer, load)).progress
    assert 16 <= len(progress) <= 64
    assert progress == sorted(set(progress))
    # After 64 looks, each 25 ms after the one before, every second point is dropped.
    assert progress[1][0] - progress[0][0] >= 40_000_000


SHORT_QUEUE = {"send_buffer_bytes": 8192, "receive_buffer_bytes": 8192}


@pytest.mark.parametrize(
    ("transport", "params", "runs_s", "stops_s"),
    [("tcp", SHORT_QUEUE, 3.0, 0.6), ("pipe", {"pipe_bytes": 4096}, 3.0, 0.6), ("mq-posix", {}, 10.0, 1.0)],
)
def test_m09_whoever_stops_receiving_is_late_for_all_that_was_due(
    transport: str, params: dict[str, int], runs_s: float, stops_s: float
) -> None:
    offer = offer_of(transport)
    if offer is None or not offer.transport.available:
        pytest.skip(f"{transport} is unavailable here")
    load = Load(size=2048, items=None, params=params, more={"rate": 5000, "duration": str(runs_s)})
    latency = _stopped_in_between(offer, load, stops_s).latency
    assert latency is not None
    assert latency.raw is not None
    corrected_ns, raw_ns = _p99_ns(latency.histogram), _p99_ns(latency.raw)
    assert corrected_ns >= 0.8 * stops_s * 1e9
    # Those that had to wait at the producer were sent when it was over; few were under way.
    assert raw_ns < corrected_ns
    assert latency.raw.sum_ns < latency.histogram.sum_ns


def _p99_ns(histogram: Histogram) -> int:
    found = percentile_ns(histogram, PERCENTILES["p99_ns"])
    assert found is not None
    return found


def _stopped_in_between(offer: Offer, load: Load, stops_s: float) -> Result:
    """One trial whose consumer is stopped once for so long, as from its first tick."""
    command = [*trial_command(offer), *load.words()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as runner:
        assert runner.stdout is not None
        events = (decode_event(line) for line in runner.stdout)
        ready = next(events)
        assert isinstance(ready, Ready)
        assert isinstance(next(events), Tick)
        os.kill(ready.consumer_pids[0], signal.SIGSTOP)
        time.sleep(stops_s)
        os.kill(ready.consumer_pids[0], signal.SIGCONT)
        *_, result = events
    assert isinstance(result, Result)
    assert result.state == "ok", result
    return result
