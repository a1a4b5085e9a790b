"""At which sizes and numbers of consumers is each mechanism fast? The picture: a panel each, the faster the lighter.

1. A cell is a case: its median rate, written in it; what was not measured, or has no rate, is an empty place.
2. All panels share one ramp, whose lightness alone tells the order.

Source: Nuñez, Anderton, Renslow: Optimizing colormaps with consideration for color vision deficiency, PLoS ONE 13(7),
2018, for the ramp (cividis).
"""

from __future__ import annotations

__all__ = ["heat_chart"]

from math import sqrt

import msgspec

from queuemark.model.session import SessionDocument
from queuemark.model.units import format_bytes
from queuemark.views.axes import Scale, ticks
from queuemark.views.classic import check_grid
from queuemark.views.heat import QUESTION
from queuemark.views.lines import standing_out
from queuemark.views.naming import Naming
from queuemark.views.series import grid_points, rate_title, unreceived_texts, unseen_text
from queuemark.views.theme import Spec, inline, themed

_DARK_WORD, _LIGHT_WORD = "#101010", "#FDFDFD"
"""Written on the ramp, which is the same on paper and on a dark screen; so are they."""


class _Cell(msgspec.Struct, frozen=True, kw_only=True):
    series: str
    size: str
    consumers: int
    rate_per_s: float


def heat_chart(document: SessionDocument, *, scale: Scale = "log") -> Spec:
    """document: with estimates. scale: of the ramp. Raises: UsageError when there is no grid, or no rate."""
    import altair as alt

    check_grid(document)
    every = grid_points(document)
    panels = standing_out(every, lambda point: point.series, lambda point: point.rate_per_s)
    cells = [
        _Cell(series=each.series, size=each.size, consumers=each.consumers, rate_per_s=each.rate_per_s)
        for each in panels.rows
    ]
    sizes = [format_bytes(size) for size in sorted({each.size_bytes for each in panels.rows})]
    rates = [each.rate_per_s for each in cells]
    low, high = min(rates), max(rates)
    ramp = alt.Scale(type=scale, scheme="cividis", domain=[low, high], nice=False)
    base = alt.Chart().encode(
        x=alt.X("size:O", sort=sizes, axis=alt.Axis(title="message size", labelAngle=-45)),
        y=alt.Y("consumers:O", axis=alt.Axis(title="consumers")),
    )
    bright = sqrt(low * high) if scale == "log" else (low + high) / 2
    marks = [tick for tick in ticks(rates) if low <= tick <= high] if scale == "log" else alt.Undefined
    consumers = {each.consumers for each in cells}
    legend = alt.Legend(title=rate_title(consumers), format="~s", values=marks)
    panel = alt.layer(
        base.mark_rect().encode(color=alt.Color("rate_per_s:Q", scale=ramp, legend=legend)),
        base.mark_text(fontSize=9).encode(
            text=alt.Text("rate_per_s:Q", format=".2~s"),
            color=alt.condition(f"datum.rate_per_s > {bright}", alt.value(_DARK_WORD), alt.value(_LIGHT_WORD)),
        ),
    ).properties(width=alt.Step(36), height=alt.Step(22))
    names = list(dict.fromkeys(each.series for each in cells))
    wide = len(sizes) > 8
    chart = panel.facet(
        alt.Facet("series:N", title=None, sort=names), columns=min(2 if wide else 3, len(names)), data=inline(cells)
    )
    usual = Naming.of([result.case for result in document.cases]).usual_text()
    notes = [usual, *unreceived_texts(consumers), *unseen_text(document, every)]
    return themed(chart, document, QUESTION, notes, lines=panels)
