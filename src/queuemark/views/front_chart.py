"""How much at which latency? The picture: p99 over the delivered rate, a line along the front of each mechanism."""

from __future__ import annotations

__all__ = ["front_chart"]

import msgspec

from queuemark.analysis.front import Front, fronts
from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument
from queuemark.views.front import QUESTION
from queuemark.views.naming import Naming, size_text
from queuemark.views.theme import Spec, inline, log_axis, log_scale, looks, paired, themed


class _Point(msgspec.Struct, frozen=True, kw_only=True):
    series: str
    mechanism: str
    rate_per_s: float
    p99_us: float
    best: bool


def front_chart(document: SessionDocument) -> Spec:
    """document: with estimates. Raises: UsageError when no case has both a rate and a p99."""
    import altair as alt

    held = fronts(document)
    naming = Naming.of([front.base for front in held])
    points = [point for front in held for point in _points(front, naming)]
    if not points:
        raise UsageError(
            f"session {document.session.id[:8]} has no case with both a rate and a p99; measure the front with: "
            "queuemark run front -t tcp"
        )
    look = looks(dict.fromkeys((point.series, point.mechanism) for point in points))
    names = list(look)
    legend = alt.Legend(title="mechanism", columns=1)
    rates, times_us = [point.rate_per_s for point in points], [point.p99_us for point in points]
    base = alt.Chart().encode(
        x=alt.X("rate_per_s:Q", scale=log_scale(rates), axis=log_axis(rates, "messages delivered per second")),
        y=alt.Y("p99_us:Q", scale=log_scale(times_us), axis=log_axis(times_us, "p99 in microseconds", plain=True)),
        color=alt.Color("series:N", legend=legend, scale=paired(names, [look[name].colour for name in names])),
    )
    dashes = alt.StrokeDash("series:N", legend=legend, scale=paired(names, [look[name].dash for name in names]))
    shapes = alt.Shape("series:N", legend=legend, scale=paired(names, [look[name].shape for name in names]))
    chart = alt.layer(
        base.mark_line().transform_filter("datum.best").encode(strokeDash=dashes),
        base.mark_point(opacity=0.25).transform_filter("!datum.best").encode(shape=shapes),
        base.mark_point().transform_filter("datum.best").encode(shape=shapes),
    ).properties(width=500, height=360, data=inline(points))
    return themed(
        chart,
        document,
        QUESTION,
        [naming.usual_text(), "further down and to the right is better; pale: beaten in both by another"],
    )


def _points(front: Front, naming: Naming) -> list[_Point]:
    load = front.base.workload
    series = f"{naming.name(front.base)} {size_text(load)} to {load.consumers}"
    return [
        _Point(
            series=series,
            mechanism=front.base.transport,
            rate_per_s=way.rate_per_s,
            p99_us=way.p99_ns / 1000,
            best=way.best,
        )
        for way in front.ways
    ]
