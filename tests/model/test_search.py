"""The search for the highest rate: it ends, near the truth where there is one, and says so where there is none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queuemark.model.search import Outcome, Tried, bracket, next_rate_per_s, rounded_per_s


def tried(rate_per_s: float, kept: bool | None) -> Tried:
    return Tried(rate_per_s=rate_per_s, outcome=Outcome(rate_per_s=rate_per_s, kept=kept, trials=1))


def searched(ceiling_per_s: float, highest_per_s: float, resolution_percent: float) -> list[Tried]:
    held: list[Tried] = []
    while (rate_per_s := next_rate_per_s(ceiling_per_s, held, resolution_percent)) is not None:
        held.append(tried(rate_per_s, rate_per_s <= highest_per_s))
        assert len(held) < 40, "it does not end"
    return held


@settings(deadline=None)
@given(st.floats(1e3, 1e8), st.floats(0.01, 20), st.sampled_from([1.0, 2.0, 5.0, 20.0]))
def test_m26_the_rate_found_is_kept_and_one_within_the_resolution_above_it_is_not(
    ceiling_per_s: float, share: float, resolution_percent: float
) -> None:
    highest_per_s = ceiling_per_s * share
    held = searched(ceiling_per_s, highest_per_s, resolution_percent)
    found = bracket(held)
    assert found.kept is not None and found.broken is not None
    assert found.kept.rate_per_s <= highest_per_s < found.broken.rate_per_s
    # Three digits are as near as two rates can be told apart.
    assert found.broken.rate_per_s / found.kept.rate_per_s <= 1 + max(resolution_percent / 100, 0.0101)
    assert len(held) <= 16
    assert len({each.rate_per_s for each in held}) == len(held)


def test_it_begins_at_the_ceiling_and_halves_while_the_promise_is_broken() -> None:
    rates = [each.rate_per_s for each in searched(123_456, 20_000, 5.0)]
    assert rates[:4] == [123_000, 61_500, 30_800, 15_400]


def test_where_nothing_is_kept_it_gives_up() -> None:
    held = searched(1_000_000, 0, 5.0)
    assert bracket(held).kept is None
    assert held[-1].rate_per_s >= 1_000_000 / 5000


@pytest.mark.parametrize("ceiling_per_s", [1.0, 3.0, 500.0, 4000.0])
def test_below_one_a_second_nothing_is_tried(ceiling_per_s: float) -> None:
    held = searched(ceiling_per_s, 0, 5.0)
    assert (bracket(held).kept, held[-1].rate_per_s) == (None, 1.0)


def test_what_cannot_be_told_is_not_searched_below() -> None:
    assert next_rate_per_s(10_000, [tried(10_000, False), tried(5_000, None)], 5.0) is None


def test_m26_a_rate_that_a_later_trial_breaks_is_given_up() -> None:
    held = [tried(1000, True), tried(1200, True), tried(1400, False)]
    assert bracket(held).kept == held[1]
    held[1] = tried(1200, False)
    assert bracket(held).kept == held[0]
    assert next_rate_per_s(1400, held, 5.0) == rounded_per_s((1000 * 1200) ** 0.5)


def test_what_was_kept_above_a_broken_rate_does_not_count() -> None:
    held = [tried(1000, True), tried(1200, False), tried(1400, True)]
    assert bracket(held).kept == held[0]


@pytest.mark.parametrize(
    ("rate_per_s", "said"), [(123_456.0, 123_000.0), (0.4, 1.0), (9_996.0, 10_000.0), (3.14159, 3.14)]
)
def test_rates_have_three_digits(rate_per_s: float, said: float) -> None:
    assert rounded_per_s(rate_per_s) == said
