"""The latency of a case: merged over its trials, with an interval that is over trials."""

from __future__ import annotations

from typing import Any

import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.latency import case_latency, merged_part
from queuemark.model.latency import Latency
from queuemark.model.session import CaseLatency, CaseResult
from queuemark.model.trial import figures
from tests.examples import case, document, trial
from tests.histograms import histogram


def measured(*trials_ns: list[int], **changed: Any) -> CaseResult:
    of = case("tcp", rate_per_s=1000.0)
    made = [
        trial(of, repeat, latency=Latency(kind="one-way", every=1, histogram=histogram(times_ns)), **changed)
        for repeat, times_ns in enumerate(trials_ns)
    ]
    (result,) = document((of, made)).cases
    return result


def estimated(*trials_ns: list[int]) -> CaseLatency:
    found = case_latency(measured(*trials_ns))
    assert found is not None
    return found


def test_m10_percentiles_of_a_case_are_of_all_its_samples_together() -> None:
    found = estimated([100] * 900, [100] * 900, [2000] * 200)
    assert found.samples == 2000
    assert found.p50_ns is not None and found.p50_ns.value_ns == 100
    # The mean of the trials' own percentiles would say 733.
    assert found.p90_ns is not None and found.p90_ns.value_ns == 100
    assert found.p99_ns is not None and found.p99_ns.value_ns == 2000
    assert (found.min_ns, found.max_ns, found.mean_ns) == (100, 2000, 290)


def test_m10_what_has_too_few_samples_in_all_trials_together_is_withheld() -> None:
    found = estimated([7] * 400, [7] * 400, [7] * 199)
    assert found.p99_ns is None
    found = estimated([7] * 400, [7] * 400, [7] * 200)
    assert found.p99_ns is not None and found.p99_ns.value_ns == 7
    assert found.p999_ns is None


def test_m13_the_interval_of_a_percentile_is_over_trials() -> None:
    found = estimated([100] * 1000, [200] * 1000, [300] * 1000)
    assert found.p50_ns is not None
    # The lowest of three trials is drawn thrice once in 27 times.
    assert (found.p50_ns.value_ns, found.p50_ns.low_ns, found.p50_ns.high_ns) == (200, 100, 300)


def test_m13_more_messages_in_the_same_trials_make_no_interval_narrower() -> None:
    few, many = ([[100] * n, [200] * n, [300] * n] for n in (20, 20_000))
    assert estimated(*few).p50_ns == estimated(*many).p50_ns


def test_m13_below_three_trials_there_is_no_interval() -> None:
    found = estimated([100] * 1000, [200] * 1000)
    assert found.p50_ns is not None
    assert (found.p50_ns.value_ns, found.p50_ns.low_ns, found.p50_ns.high_ns) == (100, None, None)


@pytest.mark.parametrize("trials", [5, 7, 8, 12])
def test_an_interval_lies_around_its_percentile_and_is_always_the_same(trials: int) -> None:
    times_ns = [[100 + 10 * number] * 50 for number in range(trials)]
    found = estimated(*times_ns)
    assert found == estimated(*times_ns)
    assert found.p50_ns is not None and found.p50_ns.low_ns is not None and found.p50_ns.high_ns is not None
    assert 100 <= found.p50_ns.low_ns < found.p50_ns.value_ns < found.p50_ns.high_ns <= 100 + 10 * trials


def test_m01_a_trial_that_proved_nothing_has_no_latency() -> None:
    assert case_latency(measured([100] * 1000, state="failed", reason="1 message was lost")) is None
    of = case("tcp", rate_per_s=1000.0)
    proved = Latency(kind="one-way", every=1, histogram=histogram([100] * 20))
    failed = trial(of, 0, state="failed", reason="it stalled", latency=proved)
    assert figures(failed, of.workload).p50_ns is None


def test_a_case_without_samples_has_no_latency() -> None:
    of = case("tcp")
    plain = with_estimates(document((of, [trial(of)])))
    assert plain.cases[0].latency is None
    assert case_latency(measured([], [])) is None
    assert merged_part(measured([]), "histogram") is None


def test_the_estimates_of_a_document_have_the_latency_of_each_case() -> None:
    of = case("tcp", rate_per_s=1000.0)
    latency = Latency(kind="one-way", every=1, histogram=histogram([100] * 1000))
    found = with_estimates(document((of, [trial(of, latency=latency)])))
    assert found.cases[0].latency is not None
    assert found.cases[0].latency.p99_ns is not None
