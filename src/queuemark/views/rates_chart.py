"""Which mechanism moves the most messages? The picture: rate over size, or, of few sizes, one rate below the other.

1. A point is a case: its median rate, and its 95 % interval as a bar.
2. A line joins the sizes of what is the same in everything else.
"""

from __future__ import annotations

__all__ = ["rates_chart"]

from collections.abc import Sequence

from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument
from queuemark.views.naming import Naming
from queuemark.views.rates import QUESTION
from queuemark.views.series import Point, ends, points, unseen_text
from queuemark.views.theme import (
    COLOURS,
    SHAPES,
    Spec,
    inline,
    log_axis,
    log_scale,
    looks,
    paired,
    shaded,
    size_axis,
    themed,
)

_SIZES_LOW = 3
"""With fewer sizes a line says less than a list."""

_RATE = "messages delivered per second"


def rates_chart(document: SessionDocument) -> Spec:
    """document: with estimates. Raises: UsageError when no case has a rate."""
    held = points(document)
    if not held:
        raise UsageError(f"session {document.session.id[:8]} has no rate to draw; queuemark show says why")
    swept = [point for point in held if point.one_size]
    if len({point.size_bytes for point in swept}) < _SIZES_LOW:
        return _listed(document, held)
    return _over_size(document, swept)


def _notes(document: SessionDocument, drawn: Sequence[Point]) -> list[str]:
    usual = Naming.of([result.case for result in document.cases]).usual_text()
    bars = ["bars are 95 % intervals of the median"] if any(point.low_per_s for point in drawn) else []
    return ["; ".join([usual, *bars]), *unseen_text(document, drawn)]


def _over_size(document: SessionDocument, held: Sequence[Point]) -> Spec:
    """A panel for each number of consumers."""
    import altair as alt

    look = looks(dict.fromkeys((point.series, point.mechanism) for point in held))
    names = list(look)
    legend = alt.Legend(title="mechanism and policy", columns=1)
    rates = ends(held)
    y = alt.Y("rate_per_s:Q", scale=log_scale(rates), axis=log_axis(rates, _RATE))
    base = alt.Chart().encode(
        x=size_axis(point.size_bytes for point in held),
        color=alt.Color("series:N", legend=legend, scale=paired(names, [look[name].colour for name in names])),
    )
    dashes = alt.StrokeDash("series:N", legend=legend, scale=paired(names, [look[name].dash for name in names]))
    shapes = alt.Shape("series:N", legend=legend, scale=paired(names, [look[name].shape for name in names]))
    panel = alt.layer(
        base.mark_line().encode(y=y, strokeDash=dashes),
        base.mark_rule().transform_filter("isValid(datum.low_per_s)").encode(y="low_per_s:Q", y2="high_per_s:Q"),
        base.mark_point().encode(y=y, shape=shapes),
    ).properties(width=260, height=240)
    facet = alt.Facet("consumers:O", title=None, header=alt.Header(labelExpr=_TO_CONSUMERS))
    chart = panel.facet(facet, columns=min(3, len({point.consumers for point in held})), data=inline(held))
    return themed(chart, document, QUESTION, _notes(document, held))


_TO_CONSUMERS = "'to ' + datum.value + (datum.value == 1 ? ' consumer' : ' consumers')"


def _listed(document: SessionDocument, held: Sequence[Point]) -> Spec:
    """A panel for each size, in it a row for each line there would be, the fastest first."""
    import altair as alt

    fastest: dict[str, float] = {}
    for point in held:
        fastest[point.series] = max(point.rate_per_s, fastest.get(point.series, 0.0))
    rows = sorted(fastest, key=lambda series: -fastest[series])
    consumers = sorted({point.consumers for point in held})
    sizes = list(dict.fromkeys(point.size for point in sorted(held, key=lambda point: point.size_bytes)))
    colours = shaded(len(consumers)) if len(consumers) > 2 else list(COLOURS[: len(consumers)])
    legend = alt.Legend(title="consumers", orient="top") if len(consumers) > 1 else None
    rates = ends(held)
    base = alt.Chart().encode(
        y=alt.Y("series:N", sort=rows, axis=alt.Axis(title=None, labelLimit=0, grid=True)),
        color=alt.Color("consumers:N", legend=legend, scale=paired(consumers, colours)),
    )
    x = alt.X("rate_per_s:Q", scale=log_scale(rates), axis=log_axis(rates, _RATE))
    shapes = alt.Shape(
        "consumers:N", legend=legend, scale=paired(consumers, [SHAPES[i % len(SHAPES)] for i in range(len(consumers))])
    )
    panel = alt.layer(
        base.mark_rule().transform_filter("isValid(datum.low_per_s)").encode(x="low_per_s:Q", x2="high_per_s:Q"),
        base.mark_point().encode(x=x, shape=shapes),
    ).properties(width=520, height=alt.Step(20))
    facet = alt.Facet("size:N", title=None, sort=sizes, header=alt.Header(labelExpr="datum.value + ' a message'"))
    # Each size names its own lines: one that was not measured there leaves no gap.
    chart = panel.facet(facet, columns=1, data=inline(held)).resolve_scale(y="independent")
    several = [f"to {consumers[0]} consumer{'s' * (consumers[0] != 1)}"] if len(consumers) == 1 else []
    return themed(chart, document, QUESTION, [*several, *_notes(document, held)])
