"""How does the rate depend on size, and on the number of consumers? The picture: a panel for each mechanism.

1. A point is a case: its median rate, and its 95 % interval as a bar; a line joins sizes at one number of consumers.
2. All panels have the same axes.
"""

from __future__ import annotations

__all__ = ["classic_chart"]

from queuemark.model.session import SessionDocument
from queuemark.views.axes import Scale, quantity_axis, quantity_scale, size_axis
from queuemark.views.classic import QUESTION, check_grid
from queuemark.views.lines import standing_out
from queuemark.views.naming import Naming
from queuemark.views.series import ends, grid_points, rate_title, unreceived_texts, unseen_text
from queuemark.views.theme import SHAPES, Spec, inline, paired, shaded, themed


def classic_chart(document: SessionDocument, *, scale: Scale = "log") -> Spec:
    """document: with estimates. Raises: UsageError when it is no grid of sizes and consumers, or has no rate."""
    import altair as alt

    check_grid(document)
    every = grid_points(document)
    panels = standing_out(every, lambda point: point.series, lambda point: point.rate_per_s)
    lines = standing_out(panels.rows, lambda point: str(point.consumers), lambda point: point.rate_per_s)
    held = lines.rows
    consumers = sorted({point.consumers for point in held})
    shapes = [SHAPES[place % len(SHAPES)] for place in range(len(consumers))]
    legend = alt.Legend(title="consumers")
    rates = ends(held)
    y = alt.Y(
        "rate_per_s:Q",
        scale=quantity_scale(rates, scale),
        axis=quantity_axis(rates, rate_title(consumers), scale),
    )
    colour = alt.Color("consumers:N", legend=legend, scale=paired(consumers, shaded(len(consumers))))
    base = alt.Chart().encode(x=size_axis(point.size_bytes for point in held), color=colour)
    panel = alt.layer(
        base.mark_line().encode(y=y),
        base.mark_rule().transform_filter("isValid(datum.low_per_s)").encode(y="low_per_s:Q", y2="high_per_s:Q"),
        base.mark_point().encode(y=y, shape=alt.Shape("consumers:N", legend=legend, scale=paired(consumers, shapes))),
    ).properties(width=260, height=220)
    names = list(dict.fromkeys(point.series for point in held))
    facet = alt.Facet("series:N", title=None, sort=names)
    chart = panel.facet(facet, columns=min(3, len(names)), data=inline(held))
    usual = Naming.of([result.case for result in document.cases]).usual_text()
    bars = f"{usual}; bars are 95 % intervals of the median"
    notes = [bars, *lines.texts(), *unreceived_texts(consumers), *unseen_text(document, every)]
    return themed(chart, document, QUESTION, notes, lines=panels)
