"""One fault on purpose: it is found, called by its name, and nothing else is called so.

A laboratory that has never seen a fault has not shown that it would.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from queuemark.model.events import Result
from queuemark.model.workload import FAULTS
from queuemark.runners.registry import Offer
from tests.conformance.runs import Load, assert_kept_contract, dispatch_of, fits, policies, run_load

COUNTED = {"flip": "corrupted", "drop": "lost", "duplicate": "duplicated", "reorder": "reordered"}
"""The faults on the way, and the one count that names each."""

AT_CONSUMERS = {"kill-consumer": "killed", "stall-consumer": "stalled"}
SIZES = (1, 2, 8, 64, 5000)
STALL_S = 0.25


def test_every_fault_is_tried_here() -> None:
    assert set(COUNTED) | set(AT_CONSUMERS) == set(FAULTS)


def contained(offer: Offer, load: Load) -> Load:
    """Where a transport may lose: so few messages that a receive buffer holds all, and nothing else is lost."""
    if offer.transport.facts.lossless or load.items is None:
        return load
    return replace(load, items=min(load.items, max(3, 100_000 // (1500 + 2 * load.size))))


def assert_counted(offer: Offer, load: Load) -> Result:
    """Exactly the fault that was asked for is in the counts, and in the result's own words."""
    load = contained(offer, load)
    run = run_load(offer, load)
    result = assert_kept_contract(run)
    assert load.inject is not None
    found = {name: getattr(result, name) for name in COUNTED.values()}
    assert found == dict.fromkeys(COUNTED.values(), 0) | {COUNTED[load.inject]: load.copies}, run
    assert result.injected is not None
    assert result.injected.fault == load.inject
    assert result.sent == load.items
    assert result.sent * load.copies == result.delivered + result.lost
    if offer.transport.facts.lossless or load.inject == "flip":
        assert (result.state, run.exit_code) == ("failed", 4)
        assert f"{load.copies} {COUNTED[load.inject]}" in (result.reason or "")
    else:
        assert (result.state, run.exit_code) == ("ok", 0)
    _assert_at_its_stream(offer, load, result)
    return result


def _assert_at_its_stream(offer: Offer, load: Load, result: Result) -> None:
    """Where messages are dealt, the consumer whose stream had the fault reports it; in a fan-out every one does."""
    assert result.injected is not None
    if dispatch_of(offer, load) == "compete":
        assert result.injected.consumer is None
        return
    name = COUNTED[load.inject or ""]
    reporting = [consumer.index for consumer in result.consumers if getattr(consumer, name)]
    if load.pattern == "fanout":
        assert (reporting, result.injected.consumer) == (list(range(load.consumers)), None)
    else:
        assert reporting == [result.injected.consumer]
    for consumer in result.consumers:
        assert consumer.dealt == consumer.delivered + consumer.lost


def possible(offer: Offer, load: Load) -> bool:
    """Whether the fault can be seen at all: competing consumers have no common order."""
    competing = dispatch_of(offer, load) == "compete" and load.consumers > 1
    return fits(offer.transport.facts, load.size, load.consumers) and not (load.inject == "reorder" and competing)


@pytest.mark.parametrize("fault", COUNTED)
def test_m01_m02_a_fault_on_the_way_is_named(offer: Offer, fault: str) -> None:
    for size, consumers in product(SIZES, (1, 4)):
        load = Load(size=size, consumers=consumers, items=300, inject=fault, seed=size + consumers)
        if possible(offer, load):
            assert_counted(offer, load)


@pytest.mark.parametrize("fault", COUNTED)
def test_m01_a_fault_at_either_end_of_a_short_trial_is_named(offer: Offer, fault: str) -> None:
    """Gap counting alone does not see a lost tail."""
    for size, items, consumers, seed in product((1, 8), (1, 2, 3), (1, 4), (1, 2, 3)):
        load = Load(size=size, consumers=consumers, items=items, inject=fault, seed=seed)
        if possible(offer, load) and not (fault == "reorder" and items == 1):
            assert_counted(offer, load)


@pytest.mark.parametrize("fault", COUNTED)
def test_m02_a_fault_is_named_whatever_the_policy_and_the_deal(offer: Offer, fault: str) -> None:
    deals = [name for name in ("deal_items",) if any(param.name == name for param in offer.transport.params)]
    for consumers, size, deal_items in product((1, 4), (7, 40), (1, 1000)):
        for policy in policies(offer.transport.facts, consumers, size):
            load = Load(
                size=size,
                consumers=consumers,
                items=500,
                policy=policy,
                inject=fault,
                params=dict.fromkeys(deals, deal_items),
            )
            if possible(offer, load):
                assert_counted(offer, load)


def test_m02_a_flip_is_found_in_a_real_message(offer: Offer, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("messages") / "lines"
    path.write_text("".join(f"line {number}\n" for number in range(50)))
    for consumers, seed in product((1, 4), range(6)):
        load = Load(consumers=consumers, items=300, inject="flip", seed=seed, more={"messages": path})
        assert_counted(offer, load)


@pytest.mark.parametrize("fault", COUNTED)
def test_m02_a_fault_is_named_where_sizes_are_mixed(offer: Offer, fault: str) -> None:
    for consumers, seed in product((1, 4), range(4)):
        more = {"mix": "8:40,64:50,3000:10"}
        load = Load(size=3000, consumers=consumers, items=300, inject=fault, seed=seed, more=more)
        if possible(offer, load):
            assert_counted(offer, load)


def test_m02_the_sequence_number_is_checked_of_unsampled_messages_too(offer: Offer) -> None:
    for consumers, seed in product((1, 4), range(4)):
        load = Load(size=8, consumers=consumers, items=300, inject="flip", seed=seed, verify="sample:1000000")
        assert_counted(offer, load)


@pytest.mark.parametrize("fault", AT_CONSUMERS)
def test_a_consumer_that_is_killed_or_stalls_is_named(offer: Offer, fault: str) -> None:
    sizes = SIZES if fault == "kill-consumer" else (1, 64)
    for size, consumers in product(sizes, (1, 4)):
        if not fits(offer.transport.facts, size, consumers):
            continue
        # Short only where a stall is awaited: a processor may be taken away for longer.
        stall_s = STALL_S if fault == "stall-consumer" else 3
        load = Load(size=size, consumers=consumers, items=2000, inject=fault, more={"stall": stall_s})
        run = run_load(offer, load)
        result = assert_kept_contract(run)
        assert (result.state, run.exit_code) == ("failed", 4)
        if consumers == 1 or result.injected is not None or offer.transport.facts.dispatches == ["deal"]:
            assert result.injected is not None, run
            assert result.injected.fault == fault
            assert f"consumer {result.injected.consumer}" in (result.reason or ""), run
            assert AT_CONSUMERS[fault] in (result.reason or ""), run
        else:
            # Of competing consumers one may get nothing at all; then the fault is said not to have been made.
            assert "could not be made" in (result.reason or ""), run


def test_what_a_broken_trial_checked_is_of_the_window_alone(offer: Offer) -> None:
    """A consumer to which no message of the window has come holds the counts of its warm-up."""
    for policy, seed in product(policies(offer.transport.facts, 4, 64), (1, 2)):
        load = Load(consumers=4, policy=policy, items=None, warmup=0.02, inject="kill-consumer", seed=seed)
        result = assert_kept_contract(run_load(offer, load))
        idle = [consumer for consumer in result.consumers if not consumer.delivered]
        assert [consumer.checked for consumer in idle] == [0] * len(idle)


def test_competing_consumers_have_no_order_to_break(offer: Offer) -> None:
    if offer.transport.facts.dispatches[0] != "compete":
        pytest.skip(f"{offer.transport.name} deals")
    run = run_load(offer, Load(consumers=4, inject="reorder"))
    assert (run.exit_code, run.stdout) == (2, b"")
    assert "--consumers 1" in run.stderr


def test_a_fault_that_finds_no_message_is_refused(offer: Offer) -> None:
    run = run_load(offer, Load(items=1, inject="reorder"))
    assert (run.exit_code, run.stdout) == (2, b"")
    assert "more items" in run.stderr


def test_a_fault_is_made_in_a_timed_trial_too(offer: Offer) -> None:
    load = Load(items=None, inject="drop", more={"duration": "0.1"})
    result = assert_kept_contract(run_load(offer, load))
    assert result.state == ("failed" if offer.transport.facts.lossless else "ok")
    assert result.lost == 1 or (result.lost > 1 and not offer.transport.facts.lossless)
    assert result.injected is not None


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fault", COUNTED)
def test_m01_m02_every_fault_everywhere(offer: Offer, fault: str) -> None:
    for size, consumers, items, seed in product((1, 2, 3, 7, 8, 9, 16, 64, 4096), (1, 2, 4), (2, 5, 1000), range(20)):
        for policy in policies(offer.transport.facts, consumers, size):
            load = Load(size=size, consumers=consumers, items=items, policy=policy, inject=fault, seed=seed)
            if possible(offer, load):
                assert_counted(offer, load)
