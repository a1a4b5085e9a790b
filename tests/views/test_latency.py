"""How long a message takes: what is counted from when, and what the samples do not tell."""

from __future__ import annotations

from typing import Any

import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.model.errors import UsageError
from queuemark.model.latency import Latency
from queuemark.model.plan import Case
from queuemark.model.session import SessionDocument
from queuemark.model.trial import Trial
from queuemark.views.latency import latency_table, latency_tables
from queuemark.views.rates import rates_table, rates_text
from tests.examples import case, document, trial
from tests.histograms import histogram


def paced(times_ns: list[int], repeats: int = 3, **changed: Any) -> tuple[Case, list[Trial]]:
    of = case("tcp", rate_per_s=600_000.0)
    latency = Latency(
        kind="one-way",
        every=1,
        raw_every=64,
        histogram=histogram([time_ns + 1000 for time_ns in times_ns]),
        raw=histogram(times_ns),
        pacing=histogram([1000] * len(times_ns)),
    )
    return of, [trial(of, repeat, latency=latency, **changed) for repeat in range(repeats)]


def shown(*results: tuple[Case, list[Trial]]) -> SessionDocument:
    return with_estimates(document(*results))


def lines(*results: tuple[Case, list[Trial]]) -> list[dict[str, Any]]:
    table = latency_table(shown(*results))
    return [dict(zip((column.name for column in table.columns), row, strict=True)) for row in table.rows]


def test_what_was_due_stands_beside_what_was_sent_and_how_late_that_was() -> None:
    due, sent, late = lines(paced([500] * 990 + [900_000] * 10))
    assert [line["way"] for line in (due, sent, late)] == ["due to received", "sent to received", "due to sent"]
    assert (due["p50_ns"], sent["p50_ns"], late["p50_ns"]) == (1500, 500, 1000)
    assert (due["max_ns"], sent["max_ns"], late["max_ns"]) == (901_000, 900_000, 1000)
    assert (due["every"], sent["every"]) == (1, 64)
    assert due["samples"] == 3000


def test_m10_too_few_samples_are_told_of_in_both_tables() -> None:
    held = shown(paced([500] * 1000))
    (due, *_) = lines(paced([500] * 1000))
    assert due["p99_ns"] is not None and due["p999_ns"] is None
    for table in (latency_table(held), rates_table(held)):
        assert any(line.endswith("too few samples for p99.9: it takes 10,000") for line in table.below)


def test_a_rate_that_was_not_reached_is_marked_in_both_tables() -> None:
    held = shown(paced([500] * 1000, delivered=60_000))
    for table in (latency_table(held), rates_table(held)):
        assert any("saturated: under 99 %" in line for line in table.below)
    held = shown(paced([500] * 1000))
    assert not any("saturated" in line for line in rates_table(held).below)


def test_latencies_stand_beside_the_rate_only_where_a_rate_was_set() -> None:
    text = rates_text(shown(paced([500] * 10_000)), 200)
    assert "p99.9" in text and "offered" in text and "too few" not in text
    saturated = case("tcp")
    latency = Latency(kind="one-way", every=64, histogram=histogram([500] * 10_000))
    held = shown((saturated, [trial(saturated, latency=latency)]))
    assert "p99" not in rates_text(held, 200)
    wide = rates_table(held, wide=True)
    row = dict(zip((column.name for column in wide.columns), wide.rows[0], strict=True))
    assert (row["p99_ns"], row["latency_samples"], row["latency_every"]) == (500, 10_000, 64)


def test_what_was_sent_as_fast_as_it_goes_says_that_it_waited() -> None:
    of = case("tcp")
    latency = Latency(kind="one-way", every=64, histogram=histogram([500] * 100))
    table = latency_table(shown((of, [trial(of, latency=latency)])))
    (row,) = table.rows
    assert "sent to received" in row
    assert any("waiting in buffers" in line for line in table.below)


def test_missed_stamps_are_told_of() -> None:
    of = case("tcp")
    latency = Latency(kind="one-way", every=64, missed=3, histogram=histogram([500] * 100))
    table = latency_table(shown((of, [trial(of, latency=latency)])))
    assert any("they are missing" in line for line in table.below)


def test_a_session_without_latencies_says_what_to_measure() -> None:
    of = case("tcp")
    with pytest.raises(UsageError, match="has no latencies; measure some"):
        latency_tables(shown((of, [trial(of)])))
