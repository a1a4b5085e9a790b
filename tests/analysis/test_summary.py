"""What the record lists a case by is what its estimates say."""

from __future__ import annotations

from typing import Any

import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.summary import summaries
from queuemark.model.plan import Case, case_key
from queuemark.model.session import Limit, SessionDocument
from queuemark.model.summary import CaseSummary
from queuemark.model.trial import Trial
from tests.examples import case, document, trial
from tests.measured import measured


def summarised(*results: tuple[Case, list[Trial]]) -> list[CaseSummary]:
    return summaries(with_estimates(document(*results)))


def test_a_case_is_summed_up_with_its_estimates() -> None:
    of, trials = measured("tcp", 1_000_000, 50, consumers=4, size_bytes=256, rate_per_s=1e6)
    held = with_estimates(document((of, trials)))
    (summary,) = summaries(held)
    result = held.cases[0]
    assert result.rate_per_s is not None and result.latency is not None and result.latency.p99_ns is not None
    assert summary == CaseSummary(
        key=case_key(of),
        ordinal=0,
        transport="tcp",
        runtime="native",
        pattern="share",
        policy="each",
        size_bytes=256,
        consumers=4,
        offered_per_s=1e6,
        state="ok",
        trials=3,
        median_per_s=result.rate_per_s.median,
        low_per_s=result.rate_per_s.low,
        high_per_s=result.rate_per_s.high,
        p99_ns=result.latency.p99_ns.value_ns,
    )


def test_cases_are_numbered_as_they_stand() -> None:
    found = summarised((case("tcp"), []), (case("pipe"), []), (case("tcp", consumers=2), []))
    assert [(each.ordinal, each.transport, each.consumers) for each in found] == [
        *((0, "tcp", 1), (1, "pipe", 1), (2, "tcp", 2))
    ]


@pytest.mark.parametrize(
    ("trials", "state"),
    [
        ([], "unavailable"),
        ([{"state": "unavailable"}], "unavailable"),
        ([{}, {"state": "unavailable"}], "ok"),
        ([{}, {"state": "failed"}], "failed"),
        ([{}, {"proved": False, "producer": None, "consumers": []}], "unproved"),
        ([{"state": "failed"}, {"proved": False, "producer": None, "consumers": []}], "failed"),
    ],
)
def test_the_worst_trial_says_what_a_case_is(trials: list[dict[str, Any]], state: str) -> None:
    of = case("tcp")
    (summary,) = summarised((of, [trial(of, repeat, **changed) for repeat, changed in enumerate(trials)]))
    assert (summary.state, summary.trials) == (state, len(trials))


def limited(share: float, *, beyond: bool) -> SessionDocument:
    of = case("tcp")
    held = with_estimates(document((of, [trial(of)])))
    held.cases[0].limit = Limit(rate_per_s=1e6, share=share, bound_by="producer: 1 call a message", beyond=beyond)
    return held


def test_a_limit_is_told_with_its_share_and_what_binds() -> None:
    (within,), (beyond,) = summaries(limited(0.6, beyond=False)), summaries(limited(1.2, beyond=True))
    assert (within.limit_share, within.beyond, within.bound_by) == (0.6, False, "producer: 1 call a message")
    assert (beyond.limit_share, beyond.beyond) == (1.2, True)
