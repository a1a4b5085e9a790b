"""What is advised: only what was measured, only what promises what was asked, and the reasons for the rest."""

from __future__ import annotations

from typing import Any

import pytest

from queuemark.analysis.advise import Advice, Wish, advise
from queuemark.analysis.estimates import with_estimates
from queuemark.model.link import parse_link
from queuemark.model.plan import Case
from queuemark.model.transport import Facts
from queuemark.model.trial import Trial
from queuemark.views.advice import advice_table
from queuemark.views.render import text
from tests.examples import case, document, said_trial, transports
from tests.measured import measured

KNOWN = {name: transport.facts for name, transport in transports().items()}
EACH = measured("tcp", 100_000, 20, rate_per_s=100_000.0)
GATHERED = measured("tcp", 800_000, 90, policy="buffer:16384", rate_per_s=800_000.0)
LATE = measured("tcp", 3_000_000, 5_000, policy="buffer:262144")
PIPE = measured("pipe", 400_000, 60, rate_per_s=400_000.0)


def advised(*results: tuple[Case, list[Trial]], facts: dict[str, Facts] | None = None, **wish: Any) -> Advice:
    wanted = Wish(**{"size_bytes": 64, "consumers": 1, **wish})
    return advise(wanted, [with_estimates(document(*results))], facts or KNOWN)


def numbers(advice: Advice) -> list[int]:
    return [candidate.number for candidate in advice.fitting]


def test_without_a_rate_the_fastest_within_the_bound_is_best() -> None:
    advice = advised(EACH, GATHERED, LATE, PIPE, p99_ns=100_000)
    assert numbers(advice) == [2, 4, 1]
    assert advice.best is not None and advice.best.rate_per_s == 800_000
    assert advice.runner_up is not None and advice.runner_up.number == 4
    assert advice.late is not None and advice.late.number == 3
    assert advice.ruled_out == {"p99 above the bound": 1}


def test_with_a_rate_the_promptest_that_reaches_it_is_best() -> None:
    advice = advised(EACH, GATHERED, LATE, PIPE, rate_per_s=200_000.0)
    assert numbers(advice) == [4, 2, 3]
    assert advice.ruled_out == {"too slow": 1}


def test_the_upper_end_of_the_interval_counts() -> None:
    of, trials = measured("tcp", 100_000, 20)
    _, (late, *_) = measured("tcp", 100_000, 500)
    late.repeat = 2
    assert advised((of, [*trials[:2], late]), p99_ns=100_000).best is None
    assert advised((of, trials), p99_ns=100_000).best is not None


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"size_bytes": 128}, "another size"),
        ({"consumers": 4}, "another number of consumers"),
        ({"across_hosts": True}, "pipe stays on one host"),
    ],
)
def test_what_does_not_fit_says_why(wish: dict[str, Any], reason: str) -> None:
    advice = advised(PIPE, **wish)
    assert (advice.best, advice.nearest, advice.ruled_out) == (None, None, {reason: 1})


@pytest.mark.parametrize(
    ("wish", "fact", "reason"),
    [("lossless", {"lossless": False}, "may lose"), ("ordered", {"ordered": False}, "may reorder")],
)
def test_a_promise_counts_and_not_what_was_kept_by_chance(wish: str, fact: dict[str, bool], reason: str) -> None:
    from msgspec.structs import replace

    facts = {**KNOWN, "pipe": replace(KNOWN["pipe"], **fact)}
    assert advised(PIPE, facts=facts).best is not None
    advice = advised(PIPE, facts=facts, **{wish: True})
    assert advice.best is None
    assert advice.ruled_out == {f"pipe {reason} messages": 1}


def test_m01_what_did_not_prove_its_delivery_is_not_advised() -> None:
    of, trials = PIPE
    failed = [trials[0], *measured("pipe", 400_000, 60, rate_per_s=400_000.0)[1][1:]]
    failed[1].state, failed[1].reason = "failed", "1 message was lost"
    assert advised((of, failed)).ruled_out == {"delivery not proved, or no rate": 1}


def test_what_fell_behind_its_rate_is_not_advised() -> None:
    behind = measured("pipe", 300_000, 20, rate_per_s=400_000.0)
    (reason,) = advised(behind, p99_ns=100_000).ruled_out
    assert reason.startswith("fell behind the rate that was set")


def test_what_was_measured_over_a_link_is_not_advised() -> None:
    linked = measured("tcp", 100_000, 20, link=parse_link("100M"))
    assert advised(linked, p99_ns=100_000).ruled_out == {"measured over a link that was made for it": 1}


def test_where_nothing_fits_the_nearest_is_named() -> None:
    advice = advised(EACH, GATHERED, PIPE, p99_ns=10_000)
    assert advice.best is None and advice.late is None
    assert advice.nearest is not None and advice.nearest.number == 1
    told = text(advice_table(advice), None)
    assert "nothing that was measured fits" in told
    assert "nearest: tcp with each" in told


def test_too_few_samples_are_no_p99() -> None:
    few = measured("tcp", 100_000, 20, samples=100)
    assert advised(few, p99_ns=100_000).ruled_out == {"no p99: too few samples, or none": 1}
    assert advised(few).best is not None


def test_the_newest_result_of_a_case_counts() -> None:
    old, new = measured("pipe", 400_000, 60), measured("pipe", 300_000, 70)
    documents = [with_estimates(document(result)) for result in (new, old)]
    advice = advise(Wish(size_bytes=64, consumers=1), documents, KNOWN)
    assert advice.looked_at == 1
    assert advice.best is not None and advice.best.rate_per_s == 300_000


def test_the_answer_names_what_to_set_the_runner_up_and_why() -> None:
    told = text(advice_table(advised(EACH, GATHERED, LATE, PIPE, p99_ns=100_000, lossless=True)), None)
    assert "What to choose for 64 B to 1 consumer, p99 within 100 us, lossless?" in told
    assert "take tcp with buffer:16k, wait block, placement spread, deal_items=1000" in told
    assert "it delivered 800 k/s of 800 k/s offered, p99 90" in told
    assert "runner-up: pipe with each" in told and "0.5 times the rate and 0.67 times the p99" in told
    assert "more is to be had by waiting: tcp with buffer:256k" in told
    assert "looked at 4 cases of 1 session: 01234567" in told
    assert "ruled out: 1 case: p99 above the bound" in told


def test_m01_what_nobody_counted_is_never_advised() -> None:
    of = case("unix-stream")
    advice = advised(EACH, (of, [said_trial(of, window_ns=1_000_000)]))
    assert numbers(advice) == [1]
    assert advice.ruled_out == {"delivery not proved, or no rate": 1}
