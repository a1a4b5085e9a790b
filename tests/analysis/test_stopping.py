"""When a case has enough trials, and that the rule alone decides it."""

from __future__ import annotations

import random

import msgspec
import pytest

from queuemark.analysis.estimates import half_width, median_estimate, with_estimates
from queuemark.analysis.stopping import REPEATS_LOW, Stopping
from queuemark.model.plan import Case, Plan
from queuemark.model.session import SessionDocument
from queuemark.model.trial import Trial
from tests.examples import case, document, trial

OF = case()


def plan(until_percent: float | None = 2.0, repeats: int = 30, cases: tuple[Case, ...] = (OF,)) -> Plan:
    return Plan(repeats=repeats, until_percent=until_percent, cases=list(cases))


def at(rate: float, repeat: int = 0) -> Trial:
    return trial(OF, repeat, delivered=round(rate * 1000), window_ns=10**9)


def asked(rates: list[float], until_percent: float | None = 2.0) -> list[bool]:
    """Whether there is enough, before each of the trials and after the last."""
    stopping = Stopping(plan(until_percent))
    answers = [stopping.enough(OF)]
    for rate in rates:
        stopping.add(OF, at(rate))
        answers.append(stopping.enough(OF))
    return answers


def test_m16_at_least_five_trials_are_run() -> None:
    assert asked([100.0] * 6) == [False] * REPEATS_LOW + [True] * 2


def test_m16_a_case_goes_on_until_half_of_its_interval_is_within_the_share() -> None:
    draw = random.Random(16)
    rates = [draw.gauss(1000, 30) for _ in range(200)]
    answers = asked(rates)
    first = answers.index(True)
    widths = [half_width(median_estimate([round(rate * 1000) for rate in rates[:n]])) for n in range(5, first + 1)]
    assert REPEATS_LOW < first < 100
    assert all(width is not None and width > 0.02 for width in widths[:-1])
    assert widths[-1] is not None
    assert widths[-1] <= 0.02


def test_m16_without_a_rule_no_case_has_enough() -> None:
    assert not any(asked([100.0] * 10, until_percent=None))


def test_m16_cases_do_not_count_for_each_other() -> None:
    other = case("pipe")
    stopping = Stopping(plan(cases=(OF, other)))
    for repeat in range(5):
        stopping.add(OF, at(100, repeat))
    assert (stopping.enough(OF), stopping.enough(other)) == (True, False)


def test_a_case_without_any_rate_is_given_up_after_five_trials() -> None:
    stopping = Stopping(plan())
    answers = []
    for repeat in range(6):
        answers.append(stopping.enough(OF))
        stopping.add(OF, trial(OF, repeat, state="unavailable", sent=0, delivered=0))
    assert answers == [False] * 5 + [True]


def ended(rates: list[float], repeats: int) -> SessionDocument:
    made = document((OF, [at(rate, repeat) for repeat, rate in enumerate(rates)]))
    made.session.plan = plan(repeats=repeats)
    return with_estimates(made)


def test_m16_a_case_that_did_not_get_there_is_marked() -> None:
    scattered = [100.0, 120.0, 80.0, 90.0, 110.0]
    marks = [ended(scattered, repeats).cases[0].marks for repeats in (5, 6)]
    assert [held.too_wide for held in marks if held] == [True, False]
    even = ended([100.0] * 5, 5).cases[0].marks
    assert even is not None
    assert not even.too_wide


@pytest.mark.parametrize("until_percent", [0.0, 100.0, -1.0])
def test_a_stored_rule_has_a_range(until_percent: float) -> None:
    told = msgspec.to_builtins(plan()) | {"until_percent": until_percent}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(told, Plan)
