"""Outcomes as Markdown tables that also read well on a terminal: ratios, agreement with others, ceilings."""

from __future__ import annotations

__all__ = ["tables"]

from collections.abc import Sequence

from bench.row import Outcome
from queuemark.model.units import format_rate

RATIO_HEAD = ["row", "at least", "median", "95 % interval", "smallest", "ours", "bare", "pairs", "verdict"]
AGREEMENT_HEAD = ["row", "within", "median", "95 % interval", "farthest", "ours", "theirs", "pairs", "verdict"]
CEILING_HEAD = ["row", "at most", "median", "95 % interval", "largest", "samples", "verdict"]


def tables(outcomes: Sequence[Outcome]) -> str:
    """The tables, then a line for every note."""
    ratios = [_ratio_cells(o) for o in outcomes if o.kind == "ratio"]
    ceilings = [_ceiling_cells(o) for o in outcomes if o.kind == "ceiling"]
    agreements = [_ratio_cells(o) for o in outcomes if o.kind == "agreement"]
    parts = [_table(RATIO_HEAD, ratios), _table(AGREEMENT_HEAD, agreements), _table(CEILING_HEAD, ceilings)]
    notes = "\n".join(f"{o.row}: {o.note}" for o in outcomes if o.note)
    return "\n\n".join(part for part in (*parts, notes) if part)


def _ratio_cells(outcome: Outcome) -> list[str]:
    return [
        outcome.row,
        f"{outcome.target:g}",
        _number(outcome.median),
        _interval(outcome),
        _number(outcome.worst),
        _rate(outcome.ours_per_s),
        _rate(outcome.bare_per_s),
        str(len(outcome.samples)),
        outcome.verdict,
    ]


def _ceiling_cells(outcome: Outcome) -> list[str]:
    return [
        outcome.row,
        f"{outcome.target:.4g} {outcome.unit}",
        _number(outcome.median),
        _interval(outcome),
        _number(outcome.worst),
        str(len(outcome.samples)),
        outcome.verdict,
    ]


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def _interval(outcome: Outcome) -> str:
    return "-" if outcome.median is None else f"{_number(outcome.low)} to {_number(outcome.high)}"


def _rate(value: float | None) -> str:
    return "-" if value is None else format_rate(value)


def _table(head: list[str], rows: list[list[str]]) -> str:
    if not rows:
        return ""
    widths = [max(len(line[column]) for line in (head, *rows)) for column in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join("| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in lines)
