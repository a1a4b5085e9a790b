"""How far do the trials of a case lie apart? The picture: each trial a dot, nothing hidden behind a median.

1. A row is a case: its trials as dots, its median as an upright mark, its 95 % interval as a bar behind them.
2. A trial without a rate stands at the left end, beside others of its case, with the shape that says why.
"""

from __future__ import annotations

__all__ = ["trials_chart"]

from collections.abc import Iterator
from itertools import count

import msgspec

from queuemark.model.errors import UsageError
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.model.trial import TrialFigures
from queuemark.views.axes import Scale, quantity_axis, quantity_scale
from queuemark.views.lines import ROWS_HIGH, standing_out
from queuemark.views.series import Names
from queuemark.views.theme import COLOURS, CROSSED, GREY, INK, PALE, Spec, inline, paired, themed
from queuemark.views.trials import QUESTION, scatter

_KINDS = {
    "trial": (COLOURS[0], "circle"),
    "far from the others": (COLOURS[4], "diamond"),
    "failed": (COLOURS[1], CROSSED),
    "not proved": (COLOURS[3], "cross"),
    "no rate": (GREY, "square"),
    "did not run": (GREY, "triangle-right"),
}
"""Colour and shape by what became of a trial."""


_APART = 0.016
"""Of the axis, between two trials that have no place on it."""


class _Dot(msgspec.Struct, frozen=True, kw_only=True):
    """A trial, or, with kind None, the case's median with its interval."""

    row: str
    rate_per_s: float
    kind: str | None
    low_per_s: float | None = None
    high_per_s: float | None = None


def trials_chart(document: SessionDocument, *, scale: Scale = "log") -> Spec:
    """document: with estimates. Raises: UsageError when no trial has a rate."""
    import altair as alt

    names = Names.of(document.cases)
    held = [result for result in document.cases if result.trials]
    lines = standing_out(
        held, lambda result: names.row(result), scatter, "those whose trials lie farthest apart", ROWS_HIGH
    )
    rates = [trial.rate_per_s for result in lines.rows for trial in result.trials if trial.rate_per_s]
    if not rates:
        raise UsageError(f"session {document.session.id[:8]} has no rate of any trial to draw; queuemark show says why")
    axis_scale = quantity_scale(rates, scale)
    low, high = axis_scale.to_dict()["domain"]
    dots = [dot for result in lines.rows for dot in _dots(result, names, _left_end(low, high, scale))]
    kinds = [kind for kind in _KINDS if any(dot.kind == kind for dot in dots)]
    rows = [names.row(result) for result in sorted(lines.rows, key=_order)]
    base = alt.Chart(inline(dots)).encode(
        y=alt.Y("row:N", sort=rows, axis=alt.Axis(title=None, labelLimit=0, grid=True))
    )
    medians = base.transform_filter("!isValid(datum.kind)")
    x = alt.X("rate_per_s:Q", scale=axis_scale, axis=quantity_axis(rates, "messages delivered per second", scale))
    legend = alt.Legend(title=None, orient="top")
    chart = alt.layer(
        medians.transform_filter("isValid(datum.low_per_s)")
        .mark_rule(strokeWidth=9, color=PALE)
        .encode(x=alt.X("low_per_s:Q"), x2="high_per_s:Q"),
        medians.mark_tick(thickness=2, size=16, color=INK).encode(x="rate_per_s:Q"),
        base.transform_filter("isValid(datum.kind)")
        .mark_point(opacity=0.75)
        .encode(
            x=x,
            color=alt.Color("kind:N", legend=legend, scale=paired(kinds, [_KINDS[kind][0] for kind in kinds])),
            shape=alt.Shape("kind:N", legend=legend, scale=paired(kinds, [_KINDS[kind][1] for kind in kinds])),
        ),
    ).properties(width=520, height=alt.Step(20))
    notes = [
        names.naming.usual_text(),
        "upright marks: medians; broad bars: their 95 % intervals; without a rate: left end",
    ]
    return themed(chart, document, QUESTION, notes, lines=lines)


def _order(result: CaseResult) -> tuple[int, int, float]:
    load = result.case.workload
    return load.size_bytes, load.consumers, -result.rate_per_s.median if result.rate_per_s else 0.0


def _left_end(low: float, high: float, scale: Scale) -> Iterator[float]:
    """Where one after the other without a rate stands, from the axis' left end on: none covers another."""
    for place in count():
        share = _APART * place
        yield low + (high - low) * share if scale == "linear" else low * (high / low) ** share


def _dots(result: CaseResult, names: Names, left_end: Iterator[float]) -> Iterator[_Dot]:
    row, estimate = names.row(result), result.rate_per_s
    if estimate is not None:
        yield _Dot(row=row, rate_per_s=estimate.median, kind=None, low_per_s=estimate.low, high_per_s=estimate.high)
    for trial in result.trials:
        yield _Dot(row=row, rate_per_s=trial.rate_per_s or next(left_end), kind=_kind(trial, result))


def _kind(trial: TrialFigures, result: CaseResult) -> str:
    if trial.state == "failed":
        return "failed"
    if trial.state == "unavailable":
        return "did not run"
    if not trial.rate_per_s:
        return "no rate"
    if not trial.proved:
        return "not proved"
    outlying = result.marks is not None and trial.repeat in result.marks.outliers
    return "far from the others" if outlying else "trial"
