"""How long does a message take? A line for each way to count it: percentiles of all trials of a case together.

1. Of a paced case there are three: from when a message was due (M9), from when it was sent, and how late that was.
   The first is what whoever offers the load sees; the second leaves out what waited because the sender was held up.
2. A percentile of too few samples is not shown (M10), and below the table it says so.
3. Sent as fast as it goes, messages wait in whatever buffers there are; such a line says so.
"""

from __future__ import annotations

__all__ = ["QUESTION", "latency_table", "latency_tables"]

from collections.abc import Callable

import msgspec

from queuemark.analysis.latency import Part, latencies, merged_part
from queuemark.model.errors import UsageError
from queuemark.model.histogram import PERCENTILES, mean_ns, percentile_ns
from queuemark.model.latency import Histogram
from queuemark.model.session import CaseResult, Quantile, SessionDocument
from queuemark.views.ending import Footnotes
from queuemark.views.header import about
from queuemark.views.naming import Naming, policy_text, size_text
from queuemark.views.numbers import as_count, as_exact, as_us
from queuemark.views.offered import SATURATED, paced, timed
from queuemark.views.table import KEEP, Cell, Column, Table

QUESTION = "How long does a message take?"

_WAYS: tuple[tuple[Part, str], ...] = (
    ("histogram", "due to received"),
    ("raw", "sent to received"),
    ("pacing", "due to sent"),
)
_ROUND_TRIP = {"due to received": "due to replied", "sent to received": "sent to replied"}


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """One way to count the latency of one case. every: of so many messages one has a sample."""

    number: int
    name: str
    result: CaseResult
    way: str
    every: int
    times: Histogram
    interval: Quantile | None
    marks: str


def latency_tables(document: SessionDocument, *, wide: bool = False, alone: bool = False) -> list[Table]:
    """One table; it has no columns that only ``wide`` shows.

    Raises: UsageError when no trial has any samples.
    """
    if not any(map(latencies, document.cases)):
        raise UsageError(
            f"session {document.session.id[:8]} has no latencies; measure some at a set rate: "
            "queuemark run -t tcp --rate 10k"
        )
    return [latency_table(document)]


def latency_table(document: SessionDocument) -> Table:
    """document: with estimates (queuemark.analysis.estimates)."""
    naming = Naming.of([result.case for result in document.cases])
    footnotes = Footnotes()
    lines = [
        line
        for number, result in enumerate(document.cases, 1)
        for line in _lines(number, naming.name(result.case), result, footnotes)
    ]
    untold = sum(not latencies(result) for result in document.cases)
    return Table(
        title=QUESTION,
        above=[about(document), naming.usual_text()],
        columns=[column for column, _ in _COLUMNS],
        rows=[[cell(line) for _, cell in _COLUMNS] for line in lines],
        below=[
            *footnotes.lines(),
            *([f"cases without any sample: {untold}"] if untold else []),
            f"again: {document.session.plan.command}",
        ],
    )


def _lines(number: int, name: str, result: CaseResult, footnotes: Footnotes) -> list[_Line]:
    measured = latencies(result)
    found = [(part, way, merged_part(result, part)) for part, way in _WAYS] if measured else []
    return [
        _Line(
            number=number,
            name=name,
            result=result,
            way=_way(result, way),
            every=max(latency.every if part == "histogram" else latency.raw_every for latency in measured),
            times=times,
            interval=result.latency.p99_ns if result.latency and part == "histogram" else None,
            marks=" ".join(map(footnotes.mark, _remarks(result, times, part))),
        )
        for part, way, times in found
        if times is not None
    ]


def _way(result: CaseResult, way: str) -> str:
    """Where no rate was set nothing was due."""
    told = way if paced(result) else "sent to received"
    return _ROUND_TRIP.get(told, told) if result.case.workload.pattern == "pingpong" else told


def _remarks(result: CaseResult, times: Histogram, part: Part) -> list[str]:
    missing = [each for name, each in PERCENTILES.items() if percentile_ns(times, each) is None]
    remarks = [f"too few samples for {each.name}: it takes {each.samples_low:,}" for each in missing]
    if part == "histogram" and any(trial.saturated for trial in result.trials):
        remarks.append(SATURATED)
    if not timed(result):
        remarks.append("sent as fast as it goes: most of the time is spent waiting in buffers")
    missed = sum(latency.missed for latency in latencies(result))
    if missed and part != "pacing":
        remarks.append(
            "some messages took so long that the time of their sending was no longer known: they are missing"
        )
    return remarks


def _percentile(name: str) -> Callable[[_Line], Cell]:
    return lambda line: percentile_ns(line.times, PERCENTILES[name])


def _number(
    name: str,
    head: str,
    show: Callable[[str | int | float], str],
    cell: Callable[[_Line], Cell],
    rank: int = KEEP,
) -> tuple[Column, Callable[[_Line], Cell]]:
    return Column(name=name, head=head, show=show, rank=rank), cell


def _words(
    name: str, head: str, cell: Callable[[_Line], Cell], *, rank: int = KEEP, wrap: int | None = None
) -> tuple[Column, Callable[[_Line], Cell]]:
    return Column(name=name, head=head, align="left", rank=rank, wrap=wrap), cell


def _delivered(line: _Line) -> Cell:
    return line.result.rate_per_s.median if line.result.rate_per_s else None


_COLUMNS = (
    _number("case", "#", str, lambda line: line.number),
    _words("name", "transport", lambda line: line.name, wrap=22),
    _words("size", "size", lambda line: size_text(line.result.case.workload), rank=6, wrap=14),
    _number("consumers", "con-\nsumers", str, lambda line: line.result.case.workload.consumers, 8),
    _words("policy", "policy", lambda line: policy_text(line.result.case.workload.policy), rank=3),
    _number("rate_per_s", "delivered\nper s", as_count, _delivered, 4),
    _words("way", "counted from", lambda line: line.way, wrap=16),
    _number("p50_ns", "p50\nus", as_us, _percentile("p50_ns")),
    _number("p90_ns", "p90\nus", as_us, _percentile("p90_ns"), 5),
    _number("p99_ns", "p99\nus", as_us, _percentile("p99_ns")),
    _number("p99_low_ns", "95 %\nlow", as_us, lambda line: line.interval.low_ns if line.interval else None, 7),
    _number("p99_high_ns", "95 %\nhigh", as_us, lambda line: line.interval.high_ns if line.interval else None, 7),
    _number("p999_ns", "p99.9\nus", as_us, _percentile("p999_ns")),
    _number("p9999_ns", "p99.99\nus", as_us, _percentile("p9999_ns"), 2),
    _number("max_ns", "max\nus", as_us, lambda line: line.times.max_ns),
    _number("mean_ns", "mean\nus", as_us, lambda line: mean_ns(line.times), 9),
    _number("samples", "samples", as_exact, lambda line: line.times.samples, 10),
    _number("every", "one\nin", str, lambda line: line.every, 1),
    _words("remarks", "see", lambda line: line.marks or None),
)
