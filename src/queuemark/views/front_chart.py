"""How much at which latency? The picture: p99 over the delivered rate, a line along the front of each mechanism."""

from __future__ import annotations

__all__ = ["front_chart"]

import msgspec

from queuemark.analysis.front import Front, fronts
from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument
from queuemark.views.axes import Scale, quantity_axis, quantity_scale
from queuemark.views.front import QUESTION
from queuemark.views.lines import standing_out
from queuemark.views.naming import Naming, size_text
from queuemark.views.series import Names
from queuemark.views.theme import Spec, channels, inline, themed


class _Point(msgspec.Struct, frozen=True, kw_only=True):
    series: str
    rate_per_s: float
    p99_us: float
    best: bool


def front_chart(document: SessionDocument, *, scale: Scale = "log") -> Spec:
    """document: with estimates. Raises: UsageError when no case has both a rate and a p99."""
    import altair as alt

    held = fronts(document)
    naming = Naming.of([front.base for front in held])
    marks = Names.of(document.cases)
    every = [point for front in held for point in _points(front, naming, marks)]
    if not every:
        raise UsageError(
            f"session {document.session.id[:8]} has no case with both a rate and a p99; measure the front with: "
            "queuemark run front -t tcp"
        )
    lines = standing_out(every, lambda point: point.series, lambda point: point.rate_per_s)
    points = lines.rows
    # A front may be a single point, which has no dashes to be told by.
    apart = channels(((point.series, point.series) for point in points), "mechanism")
    rates, times_us = [point.rate_per_s for point in points], [point.p99_us for point in points]
    base = alt.Chart().encode(
        x=alt.X(
            "rate_per_s:Q",
            scale=quantity_scale(rates, scale),
            axis=quantity_axis(rates, "messages delivered per second", scale),
        ),
        y=alt.Y(
            "p99_us:Q",
            scale=quantity_scale(times_us, scale),
            axis=quantity_axis(times_us, "p99 in microseconds", scale, plain=True),
        ),
        color=apart.colour,
    )
    chart = alt.layer(
        base.mark_line().transform_filter("datum.best").encode(strokeDash=apart.dash),
        base.mark_point(opacity=0.25).transform_filter("!datum.best").encode(shape=apart.shape),
        base.mark_point().transform_filter("datum.best").encode(shape=apart.shape),
    ).properties(width=500, height=360, data=inline(points))
    return themed(
        chart,
        document,
        QUESTION,
        [naming.usual_text(), "further down and to the right is better; pale: beaten in both by another"],
        lines=lines,
    )


def _points(front: Front, naming: Naming, marks: Names) -> list[_Point]:
    load, mark = front.base.workload, marks.mark(front.ways[0].result)
    series = f"{naming.name(front.base)}{mark} {size_text(load)} to {load.consumers}"
    return [
        _Point(
            series=series,
            rate_per_s=way.rate_per_s,
            p99_us=way.p99_ns / 1000,
            best=way.best,
        )
        for way in front.ways
    ]
