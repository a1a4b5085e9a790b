"""How every chart looks: readable in black and white, by people who see colours otherwise, and without asking back.

1. What differs in colour differs in shape or in the dashes of its line, too.
2. The title asks the question; below it stand the session, its machine and the command that makes it again.
3. A chart is a plain Vega-Lite specification with its data inside: it needs no network and no file.
4. Whatever its texts are, and wherever they come from, they can be drawn.

Source: Okabe, Ito: Color Universal Design, 2008, for the colours.
"""

from __future__ import annotations

__all__ = [
    "COLOURS",
    "DASHES",
    "GREY",
    "SHADES",
    "SHAPES",
    "Look",
    "Spec",
    "inline",
    "log_axis",
    "log_scale",
    "looks",
    "paired",
    "shaded",
    "size_axis",
    "themed",
    "ticks",
]

import textwrap
from collections.abc import Iterable, Sequence
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any

import msgspec

from queuemark.model.session import SessionDocument
from queuemark.views.drawable import drawable
from queuemark.views.header import about

if TYPE_CHECKING:
    import altair

Spec = dict[str, Any]
"""A Vega-Lite specification, version 6."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")
"""Okabe and Ito's, the yellow that white paper swallows replaced by a brown."""

SHADES = ("#440154", "#3B528B", "#21918C", "#5DA832", "#B5A100", "#E69F00")
"""For what has an order, from its lowest to its highest; darker is lower, in black and white, too."""

GREY = "#666666"

SHAPES = (
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "cross",
    "triangle-down",
    "triangle-right",
    "triangle-left",
    "M-1,-1L1,1M-1,1L1,-1Z",
)

DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4], [4, 2, 1, 2], [1, 3], [10, 2, 2, 2, 2, 2])

_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""Liberation Sans comes with vl-convert; whoever shows an SVG has one of the others."""

_LINE_CHARACTERS = 118
_SIZE_EXPRESSION = (
    "datum.value >= 1048576 ? datum.value / 1048576 + ' MiB' : "
    "datum.value >= 1024 ? datum.value / 1024 + ' KiB' : datum.value + ' B'"
)


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """How one series is drawn, its points and its line."""

    colour: str
    shape: str
    dash: list[int]


def looks(series: Iterable[tuple[str, str]]) -> dict[str, Look]:
    """By name. series: (name, mechanism); those of one mechanism share colour and shape and differ in their dashes."""
    found: dict[str, Look] = {}
    held: dict[str, int] = {}
    for name, mechanism in series:
        variant = held[mechanism] = held.get(mechanism, -1) + 1
        index = list(held).index(mechanism)
        found[name] = Look(
            colour=COLOURS[index % len(COLOURS)],
            shape=SHAPES[index % len(SHAPES)],
            dash=DASHES[variant % len(DASHES)],
        )
    return found


def shaded(count: int) -> list[str]:
    """So many of SHADES, from the lowest to the highest."""
    last = len(SHADES) - 1
    return [SHADES[round(place * last / max(1, count - 1))] for place in range(count)]


def ticks(values: Iterable[float]) -> list[float]:
    """Where a logarithmic axis over these values, all above 0, has its ticks: its ends are the first and the last."""
    held = list(values)
    low, high = floor(log10(min(held))), ceil(log10(max(held)))
    steps = (1, 2, 5) if high - low <= 3 else (1,)
    every = [step * 10.0**power for power in range(low - 1, high + 1) for step in steps]
    first = max(tick for tick in every if tick <= min(held))
    last = min(tick for tick in [*every, 10.0 ** (high + 1)] if tick >= max(held) and tick > first)
    return [tick for tick in [*every, 10.0 ** (high + 1)] if first <= tick <= last]


def inline(rows: Sequence[msgspec.Struct]) -> altair.InlineData:
    """The chart's data, a row each."""
    import altair as alt

    return alt.InlineData(values=msgspec.to_builtins(rows))


def paired(domain: Sequence[str | int], shown: Sequence[str | list[int]]) -> altair.Scale:
    """Each value of the domain with the colour, shape or dashes at the same place."""
    import altair as alt

    return alt.Scale(domain=list(domain), range=list(shown))


def log_scale(values: Iterable[float]) -> altair.Scale:
    """From the tick below all values to the one above."""
    import altair as alt

    marks = ticks(values)
    return alt.Scale(type="log", domain=[marks[0], marks[-1]], nice=False)


def log_axis(values: Iterable[float], title: str, *, plain: bool = False) -> altair.Axis:
    """Counts as ``20k``, ``1M``, or plain as ``20,000`` and ``0.5``; title: what is drawn and its unit."""
    import altair as alt

    return alt.Axis(title=title, values=ticks(values), format=",~r" if plain else "~s", labelOverlap=True)


def size_axis(sizes_bytes: Iterable[int]) -> altair.X:
    """Sizes, a tick each while there are few, on a scale of doublings; the field is ``size_bytes``."""
    import altair as alt

    sizes = sorted(set(sizes_bytes))
    axis = alt.Axis(
        title="message size", values=sizes, labelExpr=_SIZE_EXPRESSION, labelOverlap="greedy", labelSeparation=4
    )
    scale = alt.Scale(type="log", base=2, nice=False, padding=8)
    return alt.X("size_bytes:Q", axis=axis, scale=scale)


def themed(
    chart: altair.TopLevelMixin,
    document: SessionDocument | None,
    question: str,
    notes: Sequence[str] = (),
    command: str | None = None,
) -> Spec:
    """The specification with the project's style.

    document: where the figures are from, if they were measured. notes: further lines below the question.
    command: what makes the figures again, if it is not the session's.
    """
    again = command if command is not None else document.session.plan.command if document is not None else None
    lines = [*([about(document)] if document is not None else []), *notes, *([f"again: {again}"] if again else [])]
    subtitle = [part for line in lines for part in textwrap.wrap(line, _LINE_CHARACTERS, break_on_hyphens=False)]
    title = {"text": question, "subtitle": subtitle}
    return drawable({**chart.to_dict(), "title": title, "config": _CONFIG})


_CONFIG: Spec = {
    "font": _FONT,
    "background": "white",
    "padding": 12,
    "view": {"stroke": "#BBBBBB"},
    "title": {
        "anchor": "start",
        "frame": "bounds",
        "fontSize": 16,
        "subtitleFontSize": 11,
        "subtitleColor": GREY,
        "subtitleLineHeight": 14,
        "offset": 14,
    },
    "axis": {"labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": "normal", "gridColor": "#E6E6E6"},
    "header": {"labelFontSize": 12, "titleFontSize": 12, "labelFontWeight": "bold"},
    "legend": {
        "labelFontSize": 11,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelLimit": 0,
        "symbolSize": 70,
        "rowPadding": 4,
    },
    "line": {"strokeWidth": 1.5},
    "rule": {"strokeWidth": 1.5},
    "point": {"filled": True, "size": 55, "opacity": 1},
}
