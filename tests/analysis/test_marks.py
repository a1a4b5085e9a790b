"""Unsteady trials, outliers and two modes: what is marked, how often by mistake, and that nothing is left out."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.marks import case_marks, outliers, two_modes
from queuemark.model.session import CaseResult, Marks, Mode
from tests.analysis.rated import rated
from tests.examples import case, document, trial

TRIED = 4000


def share(found: Callable[[list[float]], object], draw: Callable[[], float], n: int) -> float:
    return sum(bool(found([draw() for _ in range(n)])) for _ in range(TRIED)) / TRIED


def test_m15_an_outlier_is_flagged_and_kept() -> None:
    of = case()
    rates = [100.0, 101.0, 99.0, 100.5, 60.0]
    made = [trial(of, repeat, delivered=round(rate * 1000), window_ns=10**9) for repeat, rate in enumerate(rates)]
    found = with_estimates(document((of, made))).cases[0]
    assert found.marks is not None
    assert found.marks.outliers == [4]
    assert len(found.trials) == 5
    assert found.rate_per_s is not None
    assert found.rate_per_s.low == 60_000


def test_m15_outliers_are_those_of_the_modified_z_score() -> None:
    # The median is 10, the median absolute deviation 1: an outlier lies more than 3.5 / 0.6745 = 5.19 away.
    assert outliers([8, 9, 10, 10, 11, 15.1]) == []
    assert outliers([8, 9, 10, 10, 11, 15.3]) == [5]


def test_m15_where_most_trials_are_alike_the_mean_deviation_is_the_scale() -> None:
    assert outliers([10, 10, 10, 10, 10, 10, 20]) == [6]
    assert outliers([10, 10, 10, 10, 10]) == []


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 1.0, 1.0, 100.0]])
def test_of_few_trials_none_is_far_from_the_others(values: list[float]) -> None:
    assert outliers(values) == []
    assert two_modes(values) is None


@given(st.lists(st.floats(min_value=1, max_value=1e12), min_size=5, max_size=40))
def test_outliers_do_not_depend_on_the_unit(values: list[float]) -> None:
    assert outliers([value * 1024 for value in values]) == outliers(values)


@pytest.mark.parametrize("n", [5, 7, 10, 20])
@pytest.mark.parametrize("noise", ["even", "normal", "skewed", "long tails"])
def test_m15_two_modes_are_seen_by_mistake_in_at_most_5_percent(n: int, noise: str) -> None:
    draw = random.Random(n)
    draws: dict[str, Callable[[], float]] = {
        "even": lambda: draw.uniform(1, 2),
        "normal": lambda: draw.gauss(100, 5),
        "skewed": lambda: draw.lognormvariate(0, 0.5),
        "long tails": lambda: 2 ** (draw.gauss(0, 0.1) / (draw.random() + 0.05)),
    }
    # Three standard deviations of a share of 5 % are 1 %.
    assert share(two_modes, draws[noise], n) <= 0.06


@pytest.mark.parametrize(("n", "found"), [(5, 0.4), (7, 0.8), (10, 0.8)])
def test_m15_two_modes_that_are_far_apart_are_found(n: int, found: float) -> None:
    draw = random.Random(n)
    assert share(two_modes, lambda: draw.gauss(100 if draw.random() < 0.5 else 150, 3), n) >= found


def test_m15_two_modes_are_named_with_their_trials() -> None:
    marks = case_marks(CaseResult(case=case(), trials=rated([101.0, 150.0, 99.0, 151.0, 100.0, 149.0, 152.0])))
    assert marks.modes == [Mode(trials=3, rate_per_s=100.0), Mode(trials=4, rate_per_s=150.5)]


def test_modes_that_nobody_would_tell_apart_are_one() -> None:
    assert two_modes([100.0, 100.001, 100.0, 101.0, 101.001, 101.0, 101.0]) is None


def test_m08_unsteady_trials_are_counted_and_keep_their_rate() -> None:
    of, steady = case(), [(place * 10**7, place * 1000) for place in range(20)]
    falling = [(place * 10**7, place * (1000 - 20 * place)) for place in range(20)]
    made = [trial(of, 0, progress=steady), trial(of, 1, progress=falling), trial(of, 2)]
    found = with_estimates(document((of, made))).cases[0]
    assert found.marks == Marks(judged=2, unsteady=[1], outliers=[], modes=[])
    assert all(each.rate_per_s for each in found.trials)


def test_what_has_no_rate_is_not_judged() -> None:
    of = case()
    failed = trial(of, 0, state="failed", reason="lost", progress=[(place, place * place) for place in range(20)])
    found = with_estimates(document((of, [failed]))).cases[0]
    assert found.marks == Marks(judged=0, unsteady=[], outliers=[], modes=[])
    assert found.trials[0].rate_variation is None
