"""How far do the trials of a case lie apart? The picture: each trial a dot, nothing hidden behind a median.

1. A row is a case: its trials as dots, its median as an upright mark, its 95 % interval as a bar behind them.
2. A trial without a rate has none here either: it stands at the left end, beside the others of its case that have
   none, with the shape that says why.
"""

from __future__ import annotations

__all__ = ["trials_chart"]

from collections.abc import Iterator
from functools import partial
from itertools import count

import msgspec

from queuemark.model.errors import UsageError
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.model.trial import TrialFigures
from queuemark.views.axes import Scale, quantity_axis, quantity_scale
from queuemark.views.lines import ROWS_HIGH, standing_out
from queuemark.views.series import Names, rate_title, unreceived_texts
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


_PLACES = 60
"""As many trials without a rate as find room beside each other, on a scale of their own."""


class _Dot(msgspec.Struct, frozen=True, kw_only=True):
    """A trial, or, with kind None, the case's median with its interval. place: of a trial without a rate, from 0."""

    row: str
    mechanism: str
    consumers: int
    rate_per_s: float | None
    kind: str | None
    place: int | None = None
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
    dots = [dot for result in lines.rows for dot in _dots(result, names)]
    kinds = [kind for kind in _KINDS if any(dot.kind == kind for dot in dots)]
    rows = [names.row(result) for result in sorted(lines.rows, key=_order)]
    base = alt.Chart(inline(dots)).encode(
        y=alt.Y("row:N", sort=rows, axis=alt.Axis(title=None, labelLimit=0, grid=True))
    )
    medians = base.transform_filter("!isValid(datum.kind)")
    consumers = {result.case.workload.consumers for result in lines.rows}
    axis = quantity_axis(rates, rate_title(consumers), scale)
    legend = alt.Legend(title=None, orient="top")
    trials = base.mark_point(opacity=0.75).encode(
        color=alt.Color("kind:N", legend=legend, scale=paired(kinds, [_KINDS[kind][0] for kind in kinds])),
        shape=alt.Shape("kind:N", legend=legend, scale=paired(kinds, [_KINDS[kind][1] for kind in kinds])),
    )
    places = max([_PLACES, *(dot.place for dot in dots if dot.place is not None)])
    rated = alt.layer(
        medians.transform_filter("isValid(datum.low_per_s)")
        .mark_rule(strokeWidth=9, color=PALE)
        .encode(x=alt.X("low_per_s:Q"), x2="high_per_s:Q"),
        medians.mark_tick(thickness=2, size=16, color=INK).encode(x="rate_per_s:Q"),
        trials.transform_filter("isValid(datum.kind) && isValid(datum.rate_per_s)").encode(
            x=alt.X("rate_per_s:Q", scale=quantity_scale(rates, scale), axis=axis)
        ),
    )
    unrated = trials.transform_filter("isValid(datum.place)").encode(
        x=alt.X("place:Q", scale=alt.Scale(domain=[0, places], nice=False), axis=None)
    )
    chart = alt.layer(rated, unrated).resolve_scale(x="independent").properties(width=520, height=alt.Step(20))
    notes = [
        names.naming.usual_text(),
        "upright marks: medians; broad bars: their 95 % intervals; at the left end: trials without a rate",
        *unreceived_texts(consumers),
    ]
    return themed(chart, document, QUESTION, notes, lines=lines)


def _order(result: CaseResult) -> tuple[int, int, float]:
    load = result.case.workload
    return load.size_bytes, load.consumers, -result.rate_per_s.median if result.rate_per_s else 0.0


def _dots(result: CaseResult, names: Names) -> Iterator[_Dot]:
    estimate, places = result.rate_per_s, count()
    of = partial(
        _Dot, row=names.row(result), mechanism=names.mechanism(result), consumers=result.case.workload.consumers
    )
    if estimate is not None:
        yield of(rate_per_s=estimate.median, kind=None, low_per_s=estimate.low, high_per_s=estimate.high)
    for trial in result.trials:
        rate_per_s = trial.rate_per_s or None
        yield of(rate_per_s=rate_per_s, kind=_kind(trial, result), place=None if rate_per_s else next(places))


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
