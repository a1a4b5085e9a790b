"""The rule for ratios: median and interval are of the pairs, and both ends of the rule bite."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.judgement import PAIRS_LOW, Interval, median_interval, ratio_verdict

ratios = st.lists(st.floats(0.1, 10), min_size=1, max_size=30)


@settings(max_examples=30, deadline=None)
@given(ratios)
def test_the_interval_holds_the_median_and_lies_within_the_samples(samples: list[float]) -> None:
    interval = median_interval(samples)
    assert min(samples) <= interval.low <= interval.median <= interval.high <= max(samples)


def test_the_interval_is_the_same_for_the_same_seed_and_tells_spread_from_none() -> None:
    spread = [0.8, 0.9, 0.95, 1.0, 1.1, 1.2, 0.85, 1.05]
    assert median_interval(spread, seed=7) == median_interval(spread, seed=7)
    assert median_interval(spread).low < median_interval(spread).high
    assert median_interval([0.9] * 15) == Interval(0.9, 0.9, 0.9)


@pytest.mark.parametrize(
    ("interval", "pairs", "verdict"),
    [
        (Interval(0.95, 0.91, 1.0), PAIRS_LOW, "met"),
        (Interval(0.949, 0.94, 1.0), PAIRS_LOW, "missed"),
        (Interval(0.99, 0.89, 1.0), PAIRS_LOW, "missed"),
        (Interval(0.99, 0.98, 1.0), PAIRS_LOW - 1, "too few pairs"),
    ],
)
def test_a_target_is_met_by_median_and_lower_end_over_enough_pairs(
    interval: Interval, pairs: int, verdict: str
) -> None:
    assert ratio_verdict(interval, 0.95, pairs) == verdict
