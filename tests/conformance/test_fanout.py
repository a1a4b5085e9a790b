"""A fan-out: every consumer gets each message, and misses each that was dropped.

The account is the same as elsewhere, made for each consumer: none is made good by another.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from queuemark.model.workload import PLACEMENTS
from queuemark.runners.registry import Offer
from tests.conformance.runs import Load, assert_kept_contract, assert_proved, fits, policies, run_load
from tests.conformance.test_faults import AT_CONSUMERS, COUNTED, assert_counted
from tests.conformance.test_runners import MESSAGES, MIX, MIX_PERCENT, PERIOD, SIZES_BYTES


@pytest.fixture
def fanning(offer: Offer) -> Offer:
    """A transport that gives every consumer each message."""
    if "fanout" not in offer.transport.facts.patterns:
        pytest.skip(f"{offer.transport.name} gives each message to one consumer")
    return offer


@pytest.mark.parametrize("size", [1, 7, 8, 64, 5000, 1 << 20, None])
def test_m01_every_consumer_of_a_fan_out_gets_each_message(fanning: Offer, size: int | None) -> None:
    """None: the largest that the transport takes."""
    facts = fanning.transport.facts
    size = size or facts.max_size_bytes
    if not fits(facts, size, 4):
        pytest.skip(f"{size} bytes are above the largest message here, {facts.max_size_bytes}")
    large = size > 5000
    for policy, consumers in product(["each"] if large else policies(facts, 4, size), (1, 2) if large else (1, 2, 5)):
        load = Load(size=size, consumers=consumers, items=5 if large else 300, pattern="fanout", policy=policy)
        assert_proved(fanning, load, run_load(fanning, load))


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_fan_out_in_every_wait_and_placement(fanning: Offer, placement: str) -> None:
    facts = fanning.transport.facts
    for wait, policy in product(facts.waits, {"each", policies(facts, 3, 64)[-1]}):
        load = Load(consumers=3, pattern="fanout", policy=policy, wait=wait, placement=placement, items=150)
        assert_proved(fanning, load, run_load(fanning, load))


def test_a_fan_out_after_a_warm_up_and_for_a_time(fanning: Offer) -> None:
    load = Load(consumers=3, items=None, pattern="fanout", warmup=0.05, more={"duration": "0.2"})
    assert assert_proved(fanning, load, run_load(fanning, load)).window_ns >= 200_000_000


def test_a_fan_out_of_real_messages_is_the_same_for_everyone(fanning: Offer, tmp_path: Path) -> None:
    path = tmp_path / "messages"
    path.write_bytes(MESSAGES["lines"])
    sizes = SIZES_BYTES["lines"]
    for policy in policies(fanning.transport.facts, 3, 8 + max(sizes)):
        size = 8 + max(sizes)
        load = Load(size=size, consumers=3, items=47, pattern="fanout", policy=policy, more={"messages": path})
        result = assert_proved(fanning, load, run_load(fanning, load))
        if not result.lost:
            assert result.message_bytes == 3 * sum(8 + sizes[number % len(sizes)] for number in range(47))


def test_a_fan_out_of_a_queue_that_all_read_is_refused(offer: Offer) -> None:
    if "fanout" in offer.transport.facts.patterns:
        pytest.skip(f"{offer.transport.name} fans out")
    run = run_load(offer, Load(consumers=2, pattern="fanout"))
    assert (run.exit_code, run.stdout) == (2, b"")
    assert "share" in run.stderr


def test_a_fan_out_of_a_mix_is_the_same_for_everyone(fanning: Offer) -> None:
    load = Load(size=4096, consumers=3, items=PERIOD, pattern="fanout", more=MIX)
    result = assert_proved(fanning, load, run_load(fanning, load))
    if not result.lost:
        assert result.message_bytes == 3 * PERIOD * sum(size * percent for size, percent in MIX_PERCENT.items()) / 100
    for policy in policies(fanning.transport.facts, 3, 4096):
        load = Load(size=4096, consumers=3, items=700, pattern="fanout", policy=policy, more=MIX)
        assert_proved(fanning, load, run_load(fanning, load))


@pytest.mark.parametrize("fault", COUNTED)
def test_m01_m02_a_fault_of_a_fan_out_is_found_by_every_consumer(fanning: Offer, fault: str) -> None:
    """It falls on the published message: each copy is dropped, repeated, late or damaged."""
    for size, consumers in product((1, 8, 64, 5000), (1, 3)):
        for policy in policies(fanning.transport.facts, consumers, size):
            load = Load(size=size, consumers=consumers, items=300, pattern="fanout", policy=policy, inject=fault)
            assert_counted(fanning, load)


@pytest.mark.parametrize("fault", COUNTED)
def test_m01_a_fault_at_either_end_of_a_short_fan_out_is_named(fanning: Offer, fault: str) -> None:
    for size, items, seed in product((1, 8), (1, 2, 3), (1, 2, 3)):
        load = Load(size=size, consumers=3, items=items, pattern="fanout", inject=fault, seed=seed)
        if not (fault == "reorder" and items == 1):
            assert_counted(fanning, load)


@pytest.mark.parametrize("fault", AT_CONSUMERS)
def test_a_consumer_of_a_fan_out_that_is_killed_or_stalls_is_named(fanning: Offer, fault: str) -> None:
    stall_s = 0.6 if fault == "stall-consumer" else 3
    for seed in (1, 2, 3):
        load = Load(consumers=3, items=2000, pattern="fanout", inject=fault, seed=seed, more={"stall": stall_s})
        run = run_load(fanning, load)
        result = assert_kept_contract(run)
        assert (result.state, run.exit_code) == ("failed", 4)
        assert result.injected is not None, run
        assert f"consumer {result.injected.consumer}" in (result.reason or ""), run
        assert AT_CONSUMERS[fault] in (result.reason or ""), run


def test_m01_what_one_consumer_of_a_broken_fan_out_got_was_published(fanning: Offer) -> None:
    """The others are ahead of the one that was killed, by batches and buffers; it has lost what they got beyond it."""
    for policy, seed in product(policies(fanning.transport.facts, 3, 64), (1, 2)):
        load = Load(consumers=3, items=20_000, pattern="fanout", policy=policy, inject="kill-consumer", seed=seed)
        result = assert_kept_contract(run_load(fanning, load))
        assert result.sent >= max(consumer.delivered for consumer in result.consumers)
        assert result.delivered + result.lost == 3 * result.sent


def test_m01_a_fault_of_a_fan_out_is_said_of_messages_to_each(fanning: Offer) -> None:
    load = Load(consumers=3, items=50, pattern="fanout", inject="flip")
    assert "3 corrupted of 50 messages to each consumer" in (run_load(fanning, load).result.reason or "")
