"""Which mechanism moves the most messages? The picture: rate over size, or, of few sizes, one rate below the other.

1. A point is a case: its median rate. Its 95 % interval is a band along the line, or a bar where there is no line.
2. A line joins the sizes of what is the same in everything else.
3. What this machine allows is drawn beside the rates where there are few enough of them to tell whose it is.
"""

from __future__ import annotations

__all__ = ["rates_chart"]

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument
from queuemark.views.axes import Scale, quantity_axis, quantity_scale, size_axis
from queuemark.views.lines import ROWS_HIGH, standing_out
from queuemark.views.naming import Naming
from queuemark.views.rates import QUESTION
from queuemark.views.series import Point, ends, points, rate_title, unreceived_texts, unseen_text
from queuemark.views.theme import COLOURS, SHAPES, Spec, channels, inline, paired, shaded, themed

if TYPE_CHECKING:
    import altair

_SIZES_LOW = 3
"""With fewer sizes a line says less than a list."""

_CEILINGS_HIGH = 4
"""With more lines, or more numbers of consumers in a list, limits hide what was measured."""


class _Row(Point, frozen=True, kw_only=True):
    """A point as it is drawn. banded: its line is long enough for its interval to be part of a band."""

    banded: bool


def rates_chart(document: SessionDocument, *, scale: Scale = "log") -> Spec:
    """document: with estimates. Raises: UsageError when no case has a rate."""
    held = points(document)
    if not held:
        raise UsageError(f"session {document.session.id[:8]} has no rate to draw; queuemark show says why")
    swept = [point for point in held if point.one_size]
    if len({point.size_bytes for point in swept}) < _SIZES_LOW:
        return _listed(document, held, scale)
    return _over_size(document, swept, scale)


def _notes(document: SessionDocument, drawn: Sequence[Point], intervals: str, ceilings: str | None) -> list[str]:
    usual = Naming.of([result.case for result in document.cases]).usual_text()
    said = [f"{intervals} are 95 % intervals of the median"] if any(point.low_per_s for point in drawn) else []
    said += [f"{ceilings}: what this machine allows of it"] if ceilings else []
    return ["; ".join([usual, *said]), *unreceived_texts(_consumers(drawn)), *unseen_text(document, drawn)]


def _consumers(drawn: Sequence[Point]) -> list[int]:
    return sorted({point.consumers for point in drawn})


def _over_size(document: SessionDocument, every: Sequence[Point], scale: Scale) -> Spec:
    """A panel for each number of consumers."""
    import altair as alt

    lines = standing_out(every, lambda point: point.series, lambda point: point.rate_per_s)
    rows = _rows(lines.rows)
    limits = _limits(rows) if lines.drawn <= _CEILINGS_HIGH else []
    apart = channels(((row.series, row.mechanism) for row in rows), "mechanism and policy")
    rates = [*ends(rows), *limits]
    y = alt.Y(
        "rate_per_s:Q",
        scale=quantity_scale(rates, scale),
        axis=quantity_axis(rates, rate_title(_consumers(rows)), scale),
    )
    base = alt.Chart().encode(x=size_axis(row.size_bytes for row in rows), color=apart.colour)
    within = base.transform_filter("isValid(datum.low_per_s)").encode(y="low_per_s:Q", y2="high_per_s:Q")
    limit = base.transform_filter("isValid(datum.limit_per_s)").encode(y="limit_per_s:Q")
    panel = alt.layer(
        within.transform_filter("datum.banded").mark_area(opacity=min(0.2, 0.8 / lines.drawn)),
        within.transform_filter("!datum.banded").mark_rule(),
        *([limit.mark_line(strokeWidth=1, strokeDash=[1, 3])] if limits else []),
        base.mark_line().encode(y=y, strokeDash=apart.dash),
        base.mark_point().encode(y=y, shape=apart.shape),
    ).properties(width=260, height=240)
    facet = alt.Facet("consumers:O", title=None, header=alt.Header(labelExpr=_TO_CONSUMERS))
    chart = panel.facet(facet, columns=min(3, len(_consumers(rows))), data=inline(rows))
    notes = _notes(document, every, "bands", "thin dotted lines" if limits else None)
    return themed(chart, document, QUESTION, notes, lines=lines)


def _rows(held: Sequence[Point]) -> list[_Row]:
    sizes = Counter((point.series, point.consumers) for point in held)
    return [
        _Row(**msgspec.structs.asdict(point), banded=sizes[point.series, point.consumers] >= _SIZES_LOW)
        for point in held
    ]


def _limits(held: Sequence[Point]) -> list[float]:
    return [point.limit_per_s for point in held if point.limit_per_s]


_TO_CONSUMERS = "'to ' + datum.value + (datum.value == 1 ? ' consumer' : ' consumers')"


def _listed(document: SessionDocument, every: Sequence[Point], scale: Scale) -> Spec:
    """A panel for each size, in it a row for each line there would be, the fastest first."""
    import altair as alt

    lines = standing_out(every, lambda point: point.series, lambda point: point.rate_per_s, count=ROWS_HIGH)
    held = lines.rows
    consumers = _consumers(held)
    limits = _limits(held) if len(consumers) <= _CEILINGS_HIGH else []
    sizes = list(dict.fromkeys(point.size for point in sorted(held, key=lambda point: point.size_bytes)))
    colour, shape = _by_consumers(consumers)
    rates = [*ends(held), *limits]
    base = alt.Chart().encode(
        y=alt.Y("series:N", sort=_fastest_first(held), axis=alt.Axis(title=None, labelLimit=0, grid=True)),
        color=colour,
    )
    x = alt.X(
        "rate_per_s:Q", scale=quantity_scale(rates, scale), axis=quantity_axis(rates, rate_title(consumers), scale)
    )
    limit = base.transform_filter("isValid(datum.limit_per_s)").encode(x="limit_per_s:Q")
    panel = alt.layer(
        *([limit.mark_tick(thickness=1.5, size=12)] if limits else []),
        base.mark_rule().transform_filter("isValid(datum.low_per_s)").encode(x="low_per_s:Q", x2="high_per_s:Q"),
        base.mark_point().encode(x=x, shape=shape),
    ).properties(width=520, height=alt.Step(20))
    facet = alt.Facet("size:N", title=None, sort=sizes, header=alt.Header(labelExpr="datum.value + ' a message'"))
    # Each size names its own lines: one that was not measured there leaves no gap.
    chart = panel.facet(facet, columns=1, data=inline(held)).resolve_scale(y="independent")
    several = [f"to {consumers[0]} consumer{'s' * (consumers[0] != 1)}"] if len(consumers) == 1 else []
    notes = _notes(document, every, "bars", "upright ticks" if limits else None)
    return themed(chart, document, QUESTION, [*several, *notes], lines=lines)


def _fastest_first(held: Sequence[Point]) -> list[str]:
    fastest: dict[str, float] = {}
    for point in held:
        fastest[point.series] = max(point.rate_per_s, fastest.get(point.series, 0.0))
    return sorted(fastest, key=lambda series: -fastest[series])


def _by_consumers(consumers: Sequence[int]) -> tuple[altair.Color, altair.Shape]:
    import altair as alt

    colours = shaded(len(consumers)) if len(consumers) > 2 else list(COLOURS[: len(consumers)])
    shapes = [SHAPES[place % len(SHAPES)] for place in range(len(consumers))]
    legend = alt.Legend(title="consumers", orient="top", symbolOpacity=1) if len(consumers) > 1 else None
    return (
        alt.Color("consumers:N", legend=legend, scale=paired(consumers, colours)),
        alt.Shape("consumers:N", legend=legend, scale=paired(consumers, shapes)),
    )
