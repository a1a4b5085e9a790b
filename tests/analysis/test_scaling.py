"""The universal scalability law: that known laws are found again, with intervals that hold them."""

from __future__ import annotations

from math import inf

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.scaling import Law, fitted, scalings
from queuemark.model.plan import Case
from queuemark.model.session import CaseResult, SessionDocument
from tests.analysis.rated import rated
from tests.examples import case, document

CONSUMERS = [1, 2, 4, 8, 16, 32]

LAWS = [Law(1e6, 0.05, 0.001), Law(6e5, 0.2, 0.01), Law(2e5, 0.5, 0.02), Law(3e5, 1.2, 0.01)]


def rates(law: Law, noise: float = 0.0, seed: int = 1) -> list[float]:
    draw = np.random.default_rng(seed)
    return [law.rate_per_s(n) * float(np.exp(noise * draw.standard_normal())) for n in CONSUMERS]


def session(law: Law, noise: float, repeats: int = 5, seed: int = 1, of: Case | None = None) -> SessionDocument:
    draw = np.random.default_rng(seed)
    made = document()
    made.cases = [
        CaseResult(
            case=case(consumers=n) if of is None else of,
            trials=rated(law.rate_per_s(n) * np.exp(noise * draw.standard_normal(repeats))),
        )
        for n in CONSUMERS
    ]
    return with_estimates(made)


@pytest.mark.parametrize("law", LAWS)
def test_m24_a_known_law_is_found_again(law: Law) -> None:
    assert fitted(CONSUMERS, rates(law)) == pytest.approx(law)


@pytest.mark.parametrize("law", LAWS)
def test_m24_a_known_law_is_found_within_5_percent_where_medians_vary_a_little(law: Law) -> None:
    for seed in range(50):
        found = fitted(CONSUMERS, rates(law, 0.0015, seed))
        assert found == pytest.approx(law, rel=0.05)


@given(
    st.floats(min_value=1, max_value=1e9),
    st.floats(min_value=0, max_value=2),
    st.floats(min_value=0, max_value=0.5),
)
def test_m24_no_coefficient_is_negative_and_none_is_lost(alone: float, sigma: float, kappa: float) -> None:
    found = fitted(CONSUMERS, rates(Law(alone, sigma, kappa)))
    assert found is not None
    assert found.sigma >= 0
    assert found.kappa >= 0
    assert found == pytest.approx((alone, sigma, kappa), rel=1e-4, abs=1e-6)


def test_m24_what_gains_more_than_its_share_has_no_negative_cost() -> None:
    found = fitted(CONSUMERS, [n**1.2 for n in CONSUMERS])
    assert found is not None
    assert (found.sigma, found.kappa) == (0, 0)


def test_m24_the_peak_is_where_the_rate_is_highest() -> None:
    law = Law(1e6, 0.2, 0.01)
    assert law.peak == pytest.approx(80**0.5)
    assert law.best == max(range(1, 100), key=law.rate_per_s) == 9
    assert Law(1e6, 1.0, 0.01).best == 1
    assert Law(1e6, 0.3, 0.0).best == inf
    assert Law(1e6, 0.0, 4.0).best == 1


def test_m24_the_intervals_hold_the_truth() -> None:
    law, held = Law(6e5, 0.2, 0.01), 0
    for seed in range(40):
        (found,) = scalings(session(law, 0.04, repeats=9, seed=seed))
        assert found.sigma is not None
        assert found.sigma.low is not None
        assert found.sigma.high is not None
        assert found.sigma.low <= found.sigma.value <= found.sigma.high
        held += found.sigma.low <= law.sigma <= found.sigma.high
    assert held >= 0.8 * 40


def test_m24_fewer_than_six_points_are_not_fitted() -> None:
    few = session(LAWS[1], 0.01)
    few.cases = few.cases[:5]
    assert scalings(few) == []


def test_m24_too_few_trials_have_a_law_and_no_interval() -> None:
    (found,) = scalings(session(LAWS[1], 0.01, repeats=2))
    assert found.law is not None
    assert found.sigma is not None
    assert (found.sigma.low, found.sigma.high) == (None, None)


def test_m24_cases_of_another_meaning_are_another_line() -> None:
    both = session(LAWS[1], 0.01)
    both.cases += [
        CaseResult(case=case(consumers=n, policy="split"), trials=rated([1e5 * n] * 3)) for n in reversed(CONSUMERS)
    ]
    both.cases += [CaseResult(case=case("pipe", consumers=n), trials=rated([1e5 * n] * 3)) for n in CONSUMERS[:4]]
    found = scalings(with_estimates(both))
    assert [(each.case.workload.policy, each.consumers) for each in found] == [
        ("each", CONSUMERS),
        ("split", CONSUMERS),
    ]


def test_m24_what_nobody_receives_is_no_point_of_the_law() -> None:
    some = session(LAWS[1], 0.01)
    some.cases += [CaseResult(case=case(consumers=0), trials=rated([1e9] * 3))]
    (found,) = scalings(with_estimates(some))
    assert found.consumers == CONSUMERS


def test_cases_without_a_rate_are_no_points() -> None:
    gap = session(LAWS[1], 0.01)
    for trial in gap.cases[2].trials:
        trial.rate_per_s = None
    assert scalings(with_estimates(gap)) == []


def test_how_far_the_law_is_from_what_it_fits_is_told() -> None:
    (exact,) = scalings(session(LAWS[1], 0.0))
    assert exact.farthest == pytest.approx(0, abs=1e-9)
    bent = session(LAWS[1], 0.0)
    for trial in bent.cases[3].trials:
        trial.rate_per_s = (trial.rate_per_s or 0) * 2
    (found,) = scalings(with_estimates(bent))
    assert found.farthest is not None
    assert found.farthest > 0.2


def test_m01_what_was_only_said_moves_no_interval() -> None:
    counted, mixed = (session(Law(1e6, 0.05, 0.001), 0.01) for _ in range(2))
    for result in mixed.cases:
        result.trials += [msgspec.structs.replace(each, proved=False, rate_per_s=1e9) for each in rated([1.0] * 4)]
    told, beside = (scalings(with_estimates(each))[0] for each in (counted, mixed))
    assert (beside.law, beside.sigma, beside.kappa, beside.peak) == (told.law, told.sigma, told.kappa, told.peak)
