"""When a session is too noisy, and what disturbed it."""

from __future__ import annotations

from typing import Any

import pytest

from queuemark.analysis.disturbance import disturbances, noisy_findings, too_noisy
from queuemark.analysis.estimates import with_estimates
from queuemark.model.conditions import Conditions
from queuemark.model.finding import Finding
from queuemark.model.session import SessionDocument
from queuemark.model.trial import Trial
from tests.examples import case, document, trial

NOISY = Finding(name="load", verdict="noisy", found="9", effect="others take the cpus", remedy="top")
LIMITED = Finding(name="mq depth", verdict="limited", found="10", effect="sleeps", remedy="sysctl")


def held(*windows_ms: int, **changed: Any) -> SessionDocument:
    of = case("tcp")
    trials = [trial(of, repeat, window_ns=window * 1_000_000) for repeat, window in enumerate(windows_ms)]
    return with_estimates(document((of, trials), **changed))


def told(*conditions: Conditions | None, **changed: Any) -> list[str]:
    of = case("tcp")
    trials = [trial(of, repeat, conditions=each, **changed) for repeat, each in enumerate(conditions)]
    return disturbances(document((of, trials)))


def test_a_wide_interval_is_too_noisy_and_says_how_wide() -> None:
    (found,) = too_noisy(held(200, 210, 300))
    assert found.within is not None
    assert found.within == pytest.approx(1 - 210 / 300, rel=0.5)
    assert too_noisy(held(200, 201, 202)) == []


def test_without_an_interval_nothing_is_steady() -> None:
    (found,) = too_noisy(held(200, 200))
    assert found.within is None


def test_what_has_no_rate_is_not_judged() -> None:
    of = case("mq-posix")
    assert too_noisy(with_estimates(document((of, [Trial(state="unavailable", reason="none here")])))) == []


def test_the_widest_stands_first() -> None:
    cases = [case("tcp", size_bytes=size) for size in (16, 64)]
    spread = [(200, 230, 260), (200, 300, 500)]
    results = [
        (of, [trial(of, repeat, window_ns=window * 1_000_000) for repeat, window in enumerate(windows)])
        for of, windows in zip(cases, spread, strict=True)
    ]
    found = too_noisy(with_estimates(document(*results)))
    assert [each.case.workload.size_bytes for each in found] == [64, 16]


def test_only_what_is_noisy_is_counted_as_noise() -> None:
    assert noisy_findings(held(200, findings=[NOISY, LIMITED])) == [NOISY]


def test_m20_what_changed_during_a_session_is_told() -> None:
    calm = Conditions(load_1min=0.1, governor="performance", frequency_high_hz=3 * 10**9, others_cpu_ns=0)
    assert told(calm, calm, None) == []
    assert told(calm, Conditions(governor="powersave", frequency_high_hz=2 * 10**9)) == [
        "the governor changed: performance -> powersave",
        "the clock ran at 2.00 to 3.00 GHz",
    ]
    assert told(Conditions(others_cpu_ns=500_000_000), window_ns=900_000_000, outside_ns=100_000_000) == [
        "other programs used 0.5 cpus"
    ]
    # Of two cpus.
    assert told(None, steal_ns=100_000_000, window_ns=900_000_000, outside_ns=100_000_000) == [
        "the hypervisor took 5.0% of the cpus' time"
    ]
