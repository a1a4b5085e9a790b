"""What do more consumers bring? The picture: medians with their intervals, and the law's curve through them."""

from __future__ import annotations

__all__ = ["scaling_chart"]

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from queuemark.model.plan import case_key
from queuemark.model.session import SessionDocument
from queuemark.views.axes import Scale, quantity_axis, quantity_scale
from queuemark.views.lines import standing_out
from queuemark.views.naming import Naming
from queuemark.views.scaling import QUESTION, meaning, measured
from queuemark.views.series import Point, ends, points_by_case
from queuemark.views.theme import Spec, channels, inline, themed

if TYPE_CHECKING:
    import altair

    from queuemark.analysis.scaling import Scaling

_TOLD = 6
"""Lines whose meaning is written below the question; of more the table tells."""

_STEPS = 16
"""Places at which the curve is drawn."""


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place of a curve, or with its ends a median with its interval."""

    series: str
    size: str
    size_bytes: int
    consumers: float
    rate_per_s: float
    kind: str
    low_per_s: float | None = None
    high_per_s: float | None = None


class _Fit(NamedTuple):
    """A law and the points that it was fitted to, at least one."""

    scaling: Scaling
    line: list[Point]


def scaling_chart(document: SessionDocument, *, scale: Scale = "log") -> Spec:
    """document: with estimates. Raises: UsageError when there is no line to fit."""
    import altair as alt

    named = points_by_case(document)
    fits = [_Fit(each, [named[case_key(result.case)] for result in each.results]) for each in measured(document)]
    lines = standing_out(fits, lambda fit: fit.line[0].series, lambda fit: max(point.rate_per_s for point in fit.line))
    held = [point for fit in lines.rows for point in fit.line]
    places = [place for fit in lines.rows for place in _places(fit.scaling, fit.line)]
    apart = channels(((point.series, point.mechanism) for point in held), "mechanism and policy")
    rates = [*ends(held), *(place.rate_per_s for place in places)]
    base = alt.Chart().encode(x=_consumers_axis(sorted({point.consumers for point in held})), color=apart.colour)
    y = alt.Y(
        "rate_per_s:Q",
        scale=quantity_scale(rates, scale),
        axis=quantity_axis(rates, "messages delivered per second, in sum", scale),
    )
    medians = base.transform_filter("datum.kind == 'median'")
    panel = alt.layer(
        base.transform_filter("datum.kind == 'law'").mark_line().encode(y=y, strokeDash=apart.dash),
        medians.transform_filter("isValid(datum.low_per_s)").mark_rule().encode(y="low_per_s:Q", y2="high_per_s:Q"),
        medians.mark_point().encode(y=y, shape=apart.shape),
    ).properties(width=420, height=280)
    sizes = list(dict.fromkeys(point.size for point in sorted(held, key=lambda point: point.size_bytes)))
    facet = alt.Facet("size:N", title=None, sort=sizes, header=alt.Header(labelExpr="datum.value + ' a message'"))
    chart = panel.facet(facet, columns=2, data=inline(places))
    return themed(chart, document, QUESTION, _notes(document, lines.rows), lines=lines)


def _consumers_axis(counts: Sequence[int]) -> altair.X:
    import altair as alt

    axis = alt.Axis(title="consumers", values=list(counts), format="d", labelOverlap="greedy")
    return alt.X("consumers:Q", axis=axis, scale=alt.Scale(type="log", base=2, nice=False, padding=8))


def _places(scaling: Scaling, line: Sequence[Point]) -> Iterator[_Place]:
    first = line[0]
    for point in line:
        yield _Place(
            series=point.series,
            size=point.size,
            size_bytes=point.size_bytes,
            consumers=point.consumers,
            rate_per_s=point.rate_per_s,
            kind="median",
            low_per_s=point.low_per_s,
            high_per_s=point.high_per_s,
        )
    if scaling.law is None:
        return
    low, high = scaling.consumers[0], scaling.consumers[-1]
    for step in range(_STEPS + 1):
        consumers = low * (high / low) ** (step / _STEPS)
        yield _Place(
            series=first.series,
            size=first.size,
            size_bytes=first.size_bytes,
            consumers=consumers,
            rate_per_s=scaling.law.rate_per_s(consumers),
            kind="law",
        )


def _notes(document: SessionDocument, drawn: Sequence[_Fit]) -> list[str]:
    usual = Naming.of([result.case for result in document.cases]).usual_text()
    several = len({fit.line[0].size for fit in drawn}) > 1
    told = [
        f"{fit.line[0].series}{f', {fit.line[0].size}' if several else ''}: {meaning(fit.scaling)}" for fit in drawn
    ]
    shown = told if len(told) <= _TOLD else []
    return [f"{usual}; curves: universal scalability law; bars: 95 % intervals of the median", *shown]
