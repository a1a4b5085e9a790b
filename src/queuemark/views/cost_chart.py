"""On what does the cpu time of a message go? The picture: parts side by side, and what was measured as a mark.

1. A bar is a case: its parts, and the rest up to what was measured. Where they come to more, the mark stands inside.
2. Parts add up, so the axis is linear whichever scale is asked for.
"""

from __future__ import annotations

__all__ = ["cost_chart"]

from collections.abc import Iterator

import msgspec

from queuemark.analysis.spending import Spending
from queuemark.model.session import SessionDocument
from queuemark.views.axes import Scale, quantity_axis, quantity_scale
from queuemark.views.cost import PARTS, QUESTION, spent, unparted_texts
from queuemark.views.lines import ROWS_HIGH, standing_out
from queuemark.views.series import Names
from queuemark.views.theme import COLOURS, GREY, INK, PALE, Spec, inline, paired, themed

_REST, _WHOLE = "the rest", "measured, without parts"

_FILLS = (*COLOURS[:2], COLOURS[4], COLOURS[3], PALE, GREY)
"""Of the parts, the rest, and of what has no parts: light and dark in turn."""


class _Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a case's bar. order: of the parts, from the axis on."""

    row: str
    mechanism: str
    consumers: int
    part: str
    order: int
    ns: float
    measured_ns: float


def cost_chart(document: SessionDocument, *, scale: Scale = "log") -> Spec:
    """document: with estimates. Raises: UsageError when no trial says what cpu time it took."""
    import altair as alt

    names = Names.of(document.cases)
    lines = standing_out(
        spent(document), lambda each: names.row(each.result), _rate, "those with the highest rates", ROWS_HIGH
    )
    bars = [bar for each in lines.rows for bar in _bars(each, names)]
    parts = list(dict.fromkeys(bar.part for bar in sorted(bars, key=lambda bar: bar.order)))
    fills = dict(zip([*PARTS.values(), _REST, _WHOLE], _FILLS, strict=True))
    values = [max(each.measured_ns, each.parts.sum_ns if each.parts else 0.0) for each in lines.rows]
    rows = [names.row(each.result) for each in sorted(lines.rows, key=_order)]
    base = alt.Chart(inline(bars)).encode(y=alt.Y("row:N", sort=rows, axis=alt.Axis(title=None, labelLimit=0)))
    axis = quantity_axis(values, "cpu time of one message, both ends together, in ns", "linear", plain=True)
    colour = alt.Color(
        "part:N", legend=alt.Legend(title=None, orient="top"), scale=paired(parts, [fills[p] for p in parts])
    )
    chart = alt.layer(
        base.mark_bar(height=14).encode(
            x=alt.X("ns:Q", stack="zero", scale=quantity_scale(values, "linear"), axis=axis),
            color=colour,
            order="order:Q",
        ),
        base.mark_tick(thickness=2, size=20, color=INK).encode(x="measured_ns:Q"),
    ).properties(width=520, height=alt.Step(22))
    notes = [names.naming.usual_text(), "upright marks: cpu time as measured", *unparted_texts(lines.rows)]
    return themed(chart, document, QUESTION, notes, lines=lines)


def _rate(each: Spending) -> float:
    return each.result.rate_per_s.median if each.result.rate_per_s else 0.0


def _order(each: Spending) -> tuple[int, int, float]:
    load = each.result.case.workload
    return load.size_bytes, load.consumers, each.measured_ns


def _bars(each: Spending, names: Names) -> Iterator[_Bar]:
    held = [(word, getattr(each.parts, name)) for name, word in PARTS.items()] if each.parts else []
    left = [(_REST, max(0.0, each.rest_ns))] if each.rest_ns is not None else [(_WHOLE, each.measured_ns)]
    for order, (part, ns) in enumerate([*held, *left]):
        yield _Bar(
            row=names.row(each.result),
            mechanism=names.mechanism(each.result),
            consumers=each.result.case.workload.consumers,
            part=part,
            order=order,
            ns=ns,
            measured_ns=each.measured_ns,
        )
