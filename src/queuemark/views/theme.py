"""How every chart looks: readable in black and white, by people who see colours otherwise, and without asking back.

1. What differs in colour differs in shape or in the dashes of its line, too.
2. The title asks the question; below it stand the session, its machine and the command that makes it again.
3. A chart is a plain Vega-Lite specification with its data inside: it needs no network and no file.
4. Whatever its texts are, and wherever they come from, they can be drawn.
5. Each colour has one that stands for it on a dark screen; a specification carries the list, for whoever draws it.

Source: Okabe, Ito: Color Universal Design, 2008, for the colours.
"""

from __future__ import annotations

__all__ = [
    "COLOURS",
    "CROSSED",
    "DARK",
    "DASHES",
    "FONT",
    "GREY",
    "INK",
    "PALE",
    "SHADES",
    "SHAPES",
    "Channels",
    "Look",
    "Spec",
    "channels",
    "inline",
    "looks",
    "paired",
    "shaded",
    "themed",
    "uncaptioned",
]

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from queuemark.model.session import SessionDocument
from queuemark.views.drawable import drawable
from queuemark.views.header import about
from queuemark.views.lines import Lines

if TYPE_CHECKING:
    import altair

Spec = dict[str, Any]
"""A Vega-Lite specification, version 6."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")
"""Okabe and Ito's, the yellow that white paper swallows replaced by a brown."""

SHADES = ("#440154", "#3B528B", "#21918C", "#5DA832", "#B5A100", "#E69F00")
"""For what has an order, from its lowest to its highest; darker is lower, in black and white, too."""

GREY = "#666666"
PALE = "#B4B9C0"
INK = "#1A1A1A"
PAPER = "#FFFFFF"
FRAME = "#BBBBBB"
GRID = "#E6E6E6"
TICK = "#888888"

DARK = {
    "#0072B2": "#4FA8E8",
    "#D55E00": "#FF8A3D",
    "#009E73": "#2BC79B",
    "#CC79A7": "#E79CC6",
    "#E69F00": "#F0B43C",
    "#56B4E9": "#A5DAF7",
    "#000000": "#FAFAFA",
    "#8C6D31": "#C7A467",
    "#440154": "#B98ADB",
    "#3B528B": "#8AA4E6",
    "#21918C": "#45BDB7",
    "#5DA832": "#86D45C",
    "#B5A100": "#D6C63A",
    GREY: "#A6ACB3",
    PALE: "#59606A",
    INK: "#E4E6E8",
    PAPER: "#15181C",
    FRAME: "#4A5058",
    GRID: "#2A2E34",
    TICK: "#7C838B",
}
"""By colour on white paper the one on a dark screen; what is not here is drawn in both."""

CROSSED = "M-1,-0.6L-0.6,-1L0,-0.4L0.6,-1L1,-0.6L0.4,0L1,0.6L0.6,1L0,0.4L-0.6,1L-1,0.6L-0.4,0Z"
"""An x as an outline: points are filled, and two lines that cross have nothing to fill."""

SHAPES = (
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "cross",
    "triangle-down",
    "triangle-right",
    "triangle-left",
    CROSSED,
)

DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4], [4, 2, 1, 2], [1, 3], [10, 2, 2, 2, 2, 2])

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""Liberation Sans comes with vl-convert; whoever shows an SVG has one of the others."""

_LINE_CHARACTERS = 118


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """How one series is drawn, its points and its line."""

    colour: str
    shape: str
    dash: list[int]


def looks(series: Iterable[tuple[str, str]]) -> dict[str, Look]:
    """By name. series: (name, mechanism); those of one mechanism share colour and shape and differ in their dashes.

    Where there is but one mechanism, or it has more lines than there are dashes, each has its own colour and shape.
    """
    told = list(series)
    lines = Counter(mechanism for _, mechanism in told)
    found: dict[str, Look] = {}
    held: dict[str, int] = {}
    for name, mechanism in told:
        kind = name if len(lines) == 1 or lines[mechanism] > len(DASHES) else mechanism
        variant = held[kind] = held.get(kind, -1) + 1
        index = list(held).index(kind)
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


class Channels(NamedTuple):
    """How marks tell the series of one chart apart, under one legend."""

    colour: altair.Color
    dash: altair.StrokeDash
    shape: altair.Shape


def channels(series: Iterable[tuple[str, str]], title: str) -> Channels:
    """series: (name, mechanism), as for looks; the field is ``series``. title: of the legend."""
    import altair as alt

    look = looks(dict.fromkeys(series))
    names = list(look)
    legend = alt.Legend(title=title, columns=1, symbolOpacity=1)
    return Channels(
        colour=alt.Color("series:N", legend=legend, scale=paired(names, [look[name].colour for name in names])),
        dash=alt.StrokeDash("series:N", legend=legend, scale=paired(names, [look[name].dash for name in names])),
        shape=alt.Shape("series:N", legend=legend, scale=paired(names, [look[name].shape for name in names])),
    )


def inline(rows: Sequence[msgspec.Struct]) -> altair.InlineData:
    """The chart's data, a row each: structs are what they say, and need no check against Vega-Lite's schema."""
    import altair as alt
    from altair.utils.schemapi import debug_mode

    with debug_mode(False):
        # A tuple: Altair copies lists, and all that is in them, with every step in which a chart is built.
        return alt.InlineData(values=tuple(msgspec.to_builtins(rows)))


def paired(domain: Sequence[str | int], shown: Sequence[str | list[int]]) -> altair.Scale:
    """Each value of the domain with the colour, shape or dashes at the same place."""
    import altair as alt

    return alt.Scale(domain=list(domain), range=list(shown))


def themed(
    chart: altair.TopLevelMixin,
    document: SessionDocument | None,
    question: str,
    notes: Sequence[str] = (),
    command: str | None = None,
    lines: Lines[Any] | None = None,
) -> Spec:
    """The specification with the project's style; ``usermeta`` says how many lines there are, how many are drawn, and
    which of the lines below the question nothing but the picture says.

    document: where the figures are from, if they were measured. notes: further lines below the question.
    command: what makes the figures again, if it is not the session's. lines: what is drawn of how many.
    """
    again = command if command is not None else document.session.plan.command if document is not None else None
    own = _wrapped([*notes, *(lines.texts() if lines else [])])
    source = _wrapped([about(document)]) if document is not None else []
    title = {"text": question, "subtitle": [*source, *own, *(_wrapped([f"again: {again}"]) if again else [])]}
    counts = {"lines": lines.held, "drawn": lines.drawn} if lines else {}
    held = chart.to_dict(validate=False)
    return drawable({**held, "title": title, "config": _CONFIG, "usermeta": {**counts, "notes": own, "dark": DARK}})


def _wrapped(told: Sequence[str]) -> list[str]:
    return [part for line in told for part in textwrap.wrap(line, _LINE_CHARACTERS, break_on_hyphens=False)]


def uncaptioned(spec: Spec) -> Spec:
    """What ``themed`` made, for a page that says the question, the session and the command itself: with its notes
    alone above it, and the question as its description."""
    style = _CONFIG["title"]
    title = {
        "text": spec["usermeta"]["notes"],
        "color": style["subtitleColor"],
        "fontSize": style["subtitleFontSize"],
        "fontWeight": "normal",
        "lineHeight": style["subtitleLineHeight"],
    }
    return {**spec, "title": title, "description": spec["title"]["text"]}


_CONFIG: Spec = {
    "font": FONT,
    "background": PAPER,
    "padding": 12,
    "view": {"stroke": FRAME},
    "title": {
        "anchor": "start",
        "frame": "bounds",
        "fontSize": 16,
        "color": INK,
        "subtitleFontSize": 11,
        "subtitleColor": GREY,
        "subtitleLineHeight": 14,
        "offset": 14,
    },
    "axis": {
        "labelFontSize": 11,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelColor": INK,
        "titleColor": INK,
        "gridColor": GRID,
        "domainColor": TICK,
        "tickColor": TICK,
    },
    "header": {
        "labelFontSize": 12,
        "titleFontSize": 12,
        "labelFontWeight": "bold",
        "labelColor": INK,
        "titleColor": INK,
    },
    "legend": {
        "labelFontSize": 11,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelColor": INK,
        "titleColor": INK,
        "labelLimit": 0,
        "symbolSize": 70,
        "rowPadding": 4,
    },
    "line": {"strokeWidth": 1.5},
    "rule": {"strokeWidth": 1.5},
    "point": {"filled": True, "size": 55, "opacity": 1},
}
