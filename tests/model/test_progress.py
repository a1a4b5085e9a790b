"""How steady a trial was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.model.progress import STEADY_HIGH, WINDOWS, rate_variation

STEP_NS = 25_000_000


def series(counts: list[int], step_ns: int = STEP_NS) -> list[tuple[int, int]]:
    """Points at even distances; counts: messages from one to the next."""
    return [(place * step_ns, sum(counts[:place])) for place in range(len(counts) + 1)]


@given(st.integers(WINDOWS, 63), st.integers(100, 10**9))
def test_m08_an_even_rate_is_steady(points: int, count: int) -> None:
    assert rate_variation(series([count] * points)) == pytest.approx(0, abs=1e-9)


def test_m08_the_variation_is_that_of_the_rates_of_the_last_windows() -> None:
    counts = [500, *([1000, 1100] * 5)]
    # Standard deviation of ten values, five at each end of 100: 50 * sqrt(10 / 9); the first count is before them.
    assert rate_variation(series(counts)) == pytest.approx(50 * (10 / 9) ** 0.5 / 1050)


def test_m08_windows_are_as_long_as_the_points_allow() -> None:
    counts = [900, 1100] * WINDOWS
    assert rate_variation(series(counts)) == pytest.approx(0)
    assert (rate_variation(series(counts[:WINDOWS])) or 0) > STEADY_HIGH


def test_m08_a_rate_that_falls_to_the_end_is_not_steady() -> None:
    assert (rate_variation(series([1000 - 10 * place for place in range(40)])) or 0) > STEADY_HIGH


def test_windows_of_unlike_lengths_are_no_change_of_the_rate() -> None:
    points = [(0, 0)]
    for place in range(WINDOWS):
        elapsed_ns = STEP_NS * (1 + place % 3)
        points.append((points[-1][0] + elapsed_ns, points[-1][1] + elapsed_ns // 1000))
    assert rate_variation(points) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    "progress",
    [
        [],
        series([1000] * (WINDOWS - 1)),
        series([20] * WINDOWS),
        [(0, 0)] * (WINDOWS + 1),
        [(place, 1000 * (20 - place)) for place in range(WINDOWS + 1)],
    ],
)
def test_m08_too_few_points_or_messages_are_not_judged(progress: list[tuple[int, int]]) -> None:
    assert rate_variation(progress) is None
