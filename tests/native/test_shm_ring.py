"""The parameters of shm-ring: how many slots a ring has, and which rings are refused."""

from __future__ import annotations

import pytest

from queuemark.runners.registry import Offer
from tests.conformance.runs import Load, assert_proved, offer_of, run_load

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE


@pytest.fixture
def ring() -> Offer:
    found = offer_of("shm-ring")
    if found is None or not found.transport.available:
        pytest.skip("shm-ring is unavailable here")
    return found


@pytest.mark.parametrize(
    ("size", "slots"),
    [(1, 65536), (16, 65536), (17, 32768), (64, 16384), (16 * KIBIBYTE, 64), (100_000, 64), (MEBIBYTE, 32)],
)
def test_a_ring_holds_as_many_messages_as_a_mebibyte_does(ring: Offer, size: int, slots: int) -> None:
    load = Load(size=size, items=40)
    assert assert_proved(ring, load, run_load(ring, load)).granted["slots"] == slots


@pytest.mark.parametrize(("asked", "granted"), [(1, 1), (2, 2), (3, 4), (100, 128), (4096, 4096)])
def test_slots_are_rounded_up_to_a_power_of_two(ring: Offer, asked: int, granted: int) -> None:
    load = Load(params={"slots": asked})
    assert assert_proved(ring, load, run_load(ring, load)).granted["slots"] == granted


def test_a_batch_is_no_longer_than_the_ring(ring: Offer) -> None:
    for consumers, pattern in ((1, "share"), (3, "share"), (3, "fanout")):
        params = {"slots": 4, "deal_items": 7}
        load = Load(consumers=consumers, policy="vector:1000", params=params, more={"pattern": pattern})
        run = run_load(ring, load)
        assert (run.exit_code, run.result.lost) == (0, 0), run
        assert run.result.delivered == run.result.sent * (consumers if pattern == "fanout" else 1)


def test_a_ring_beyond_a_gibibyte_is_refused_with_its_size(ring: Offer) -> None:
    run = run_load(ring, Load(size=MEBIBYTE, params={"slots": 2048}))
    assert (run.exit_code, run.stdout) == (2, b"")
    assert "2048 slots of 1048576 bytes" in run.stderr
    assert "take fewer slots" in run.stderr
