"""What stands out: the fastest among equals, what bound it, and everything that is not as it should be."""

from __future__ import annotations

from queuemark.analysis.estimates import with_estimates
from queuemark.model.finding import Finding
from queuemark.model.session import Limit, SessionDocument
from queuemark.views.headlines import headlines
from tests.examples import case, document, said_trial, trial
from tests.measured import measured


def told(held: SessionDocument) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in headlines(held):
        found.setdefault(line.about, []).append(line.text)
    return found


def test_the_fastest_is_said_at_the_smallest_and_the_largest_size_with_its_next() -> None:
    held = with_estimates(
        document(
            measured("tcp", 100_000, 10, size_bytes=16),
            measured("pipe", 300_000, 10, size_bytes=16),
            measured("pipe", 900_000, 10, size_bytes=16, consumers=4),
            measured("tcp", 50_000, 10, size_bytes=4096),
        )
    )
    small, large = told(held)["Fastest"]
    assert small.startswith("16 B to 1 consumer: pipe (each), 300 k/s")
    assert small.endswith("; next is tcp (each), 100 k/s")
    assert large.startswith("4 KiB to 1 consumer: tcp (each), 50 k/s")


def test_what_nobody_received_is_not_the_fastest() -> None:
    held = with_estimates(document(measured("pipe", 900_000, 10, consumers=0), measured("pipe", 300_000, 10)))
    (said,) = told(held)["Fastest"]
    assert said.startswith("64 B to 1 consumer: pipe (each), 300 k/s")


def test_patterns_are_never_ranked_with_each_other() -> None:
    held = with_estimates(
        document(measured("tcp", 100_000, 10), measured("tcp", 400_000, 10, pattern="fanout", consumers=4))
    )
    assert set(told(held)) >= {"Fastest", "Fastest fan-out"}


def test_the_next_was_used_in_the_same_way_and_there_may_be_none() -> None:
    gathered = measured("tcp", 900_000, 10, policy="buffer:16384")
    others = [measured("pipe", 300_000, 10), measured("unix-stream", 200_000, 10, policy="buffer:16384")]
    [fastest] = told(with_estimates(document(gathered, *others)))["Fastest"]
    assert "tcp (buffer:16k), 900 k/s" in fastest
    assert fastest.endswith("; next is unix-stream (buffer:16k), 200 k/s")
    [alone] = told(with_estimates(document(gathered, others[0])))["Fastest"]
    assert "; next is" not in alone


def test_what_bound_the_fastest_is_said_and_what_is_beyond_its_limit_is_not_the_fastest() -> None:
    held = with_estimates(document(measured("tcp", 100_000, 10), measured("pipe", 300_000, 10)))
    limits = [
        Limit(rate_per_s=200_000, share=0.5, bound_by="producer: a call"),
        Limit(rate_per_s=100_000, share=3.0, bound_by="consumer: a copy", beyond=True),
    ]
    for result, limit in zip(held.cases, limits, strict=True):
        result.limit = limit
    [fastest] = told(held)["Fastest"]
    assert "tcp (each), 100 k/s" in fastest
    assert fastest.endswith("That is 50 % of its limit, bound by producer: a call")
    assert told(held)["Above its limit"][0].startswith("pipe (each): an error")


def test_what_nobody_counted_is_not_the_fastest_and_says_so() -> None:
    of = case("pipe", items=1_000_000)
    held = with_estimates(document(measured("tcp", 100_000, 10), (of, [said_trial(of)])))
    assert "tcp (each)" in told(held)["Fastest"][0]
    assert told(held)["Not proved"] == ["1 case: whoever measured counted nothing; a rate is what was said"]


def test_a_rate_that_was_set_is_not_how_fast_it_goes() -> None:
    held = told(with_estimates(document(measured("tcp", 10_000, 50, rate_per_s=10_000.0))))
    assert "Fastest" not in held
    assert held["Lowest latency"][0].startswith("p99 of 50")
    assert held["Lowest latency"][0].endswith("tcp (each), 64 B to 1 consumer at 10k/s")


def test_reasons_are_told_and_counted_when_they_are_many() -> None:
    of = case("tcp")
    failed = [trial(of, repeat, state="failed", reason=f"reason {repeat}") for repeat in range(5)]
    gone = [trial(case("pipe"), 0, state="unavailable", reason="no pipes")]
    held = told(with_estimates(document((of, failed), (case("pipe"), gone))))
    [failures] = held["Not proved"]
    assert failures.startswith("5 trials: tcp: reason 0; ")
    assert failures.endswith("; and 2 more reasons")
    assert held["Could not run"] == ["1 trial: pipe: no pipes"]


def test_what_makes_results_noisy_is_said() -> None:
    found = Finding(name="load", verdict="noisy", found="0.9", effect="results vary", remedy=None)
    held = told(with_estimates(document(measured("tcp", 100_000, 10), findings=[found])))
    assert "1 thing makes results noisy (load)" in held["Machine"][0]
