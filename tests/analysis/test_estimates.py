"""The median over trials and its interval."""

from __future__ import annotations

import random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.analysis.estimates import median_estimate, with_estimates
from queuemark.model.session import Estimate
from tests.examples import case, document, said_trial, trial

rates = st.floats(min_value=1, max_value=1e12, allow_nan=False)


@given(st.lists(rates, min_size=3, max_size=30))
def test_the_interval_holds_the_median_and_lies_within_the_trials(values: list[float]) -> None:
    found = median_estimate(values)
    assert found.low is not None
    assert found.high is not None
    assert min(values) <= found.low <= found.median <= found.high <= max(values)
    assert found.median == median(values)


@given(st.lists(rates, min_size=3, max_size=12), st.randoms(use_true_random=False))
def test_m13_the_same_trials_give_the_same_interval_in_any_order(values: list[float], shuffle: random.Random) -> None:
    shuffled = list(values)
    shuffle.shuffle(shuffled)
    assert median_estimate(shuffled) == median_estimate(values)


@pytest.mark.parametrize("n", [3, 4, 5, 6, 9, 14, 25, 40])
def test_m13_the_interval_is_that_of_drawing_many_times(n: int) -> None:
    draw = random.Random(n)
    values = [draw.lognormvariate(0, 0.5) for _ in range(n)]
    medians = sorted(median(draw.choices(values, k=n)) for _ in range(8000))
    found = median_estimate(values)
    assert found.low is not None
    assert found.high is not None
    assert medians[int(8000 * 0.015)] <= found.low <= medians[int(8000 * 0.035)]
    assert medians[int(8000 * 0.965)] <= found.high <= medians[int(8000 * 0.985)]


@pytest.mark.parametrize("n", [11, 12])
def test_m13_the_interval_covers_the_true_median(n: int) -> None:
    draw = random.Random(1)
    found = [median_estimate([draw.gauss(100, 5) for _ in range(n)]) for _ in range(600)]
    covered = sum(1 for e in found if e.low is not None and e.high is not None and e.low <= 100 <= e.high)
    assert covered >= 0.9 * len(found)


@pytest.mark.parametrize("values", [[5.0], [5.0, 7.0]])
def test_m13_below_three_trials_there_is_no_interval(values: list[float]) -> None:
    assert median_estimate(values) == Estimate(median=sum(values) / len(values), low=None, high=None)


def test_many_trials_are_no_trouble() -> None:
    found = median_estimate([float(value) for value in range(1200)])
    assert found.low is not None
    assert found.high is not None
    assert 550 < found.low < 599.5 < found.high < 650


def test_trials_without_a_rate_do_not_count() -> None:
    of = case("tcp")
    counted = [
        trial(of, 0, delivered=100, window_ns=10**9),
        trial(of, 1, delivered=900, window_ns=10**9, state="failed", reason="lost 3"),
        trial(of, 2, delivered=900, window_ns=999_999),
        trial(of, 3, state="unavailable", sent=0, delivered=0),
        trial(of, 4, delivered=300, window_ns=10**9),
    ]
    found = with_estimates(document((of, counted)))
    assert found.cases[0].rate_per_s == Estimate(median=200, low=None, high=None)
    assert len(found.cases[0].trials) == 5


def test_a_case_that_did_not_run_has_no_estimate() -> None:
    of = case("tcp")
    found = with_estimates(document((of, [trial(of, 0, state="unavailable", sent=0, delivered=0)]), (case("pipe"), [])))
    assert [result.rate_per_s for result in found.cases] == [None, None]


def test_the_document_given_stays_as_it_was() -> None:
    of = case("tcp")
    given_document = document((of, [trial(of, repeat) for repeat in range(3)]))
    assert with_estimates(given_document).cases[0].rate_per_s is not None
    assert given_document.cases[0].rate_per_s is None


def test_m01_what_was_only_said_counts_where_nothing_was_counted_at_all() -> None:
    of = case("tcp", items=1_000_000)
    said = said_trial(of, 3, window_ns=10**9)
    proved = [trial(of, repeat) for repeat in range(3)]
    (mixed,) = with_estimates(document((of, [*proved, said]))).cases
    (counted,) = with_estimates(document((of, proved))).cases
    assert (mixed.unproved, mixed.rate_per_s) == (False, counted.rate_per_s)
    (alone,) = with_estimates(document((of, [said]))).cases
    assert alone.unproved
    assert alone.rate_per_s is not None and alone.rate_per_s.median == 1_000_000
