"""The axes of charts: quantities on a logarithmic or a linear scale, and message sizes on one of doublings.

1. An axis of quantities holds every value that is drawn; logarithmic, its ends are ticks; linear, it begins at 0.
2. What differs by factors is logarithmic unless somebody asks otherwise: sizes stay on doublings even then.
"""

from __future__ import annotations

__all__ = ["SCALES", "Scale", "quantity_axis", "quantity_scale", "size_axis", "ticks"]

from collections.abc import Iterable
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    import altair

Scale = Literal["log", "linear"]

SCALES: tuple[Scale, ...] = get_args(Scale)

SIZE_EXPRESSION = (
    "datum.value >= 1048576 ? datum.value / 1048576 + ' MiB' : "
    "datum.value >= 1024 ? datum.value / 1024 + ' KiB' : datum.value + ' B'"
)


def ticks(values: Iterable[float]) -> list[float]:
    """Where a logarithmic axis over these values, all above 0, has its ticks: its ends are the first and the last."""
    held = list(values)
    low, high = floor(log10(min(held))), ceil(log10(max(held)))
    steps = (1, 2, 5) if high - low <= 3 else (1,)
    every = [step * 10.0**power for power in range(low - 1, high + 1) for step in steps]
    first = max(tick for tick in every if tick <= min(held))
    last = min(tick for tick in [*every, 10.0 ** (high + 1)] if tick >= max(held) and tick > first)
    return [tick for tick in [*every, 10.0 ** (high + 1)] if first <= tick <= last]


def quantity_scale(values: Iterable[float], scale: Scale = "log") -> altair.Scale:
    """values: at least one, all above 0. Logarithmic, from the tick below all values to the one above."""
    import altair as alt

    held = list(values)
    if scale == "linear":
        return alt.Scale(type="linear", domain=[0, max(held)], nice=True)
    marks = ticks(held)
    return alt.Scale(type="log", domain=[marks[0], marks[-1]], nice=False)


def quantity_axis(values: Iterable[float], title: str, scale: Scale = "log", *, plain: bool = False) -> altair.Axis:
    """Counts as ``20k``, ``1M``, or plain as ``20,000`` and ``0.5``; title: what is drawn and its unit."""
    import altair as alt

    form = ",~r" if plain else "~s"
    if scale == "linear":
        return alt.Axis(title=title, format=form, labelOverlap=True)
    return alt.Axis(title=title, values=ticks(values), format=form, labelOverlap=True)


def size_axis(sizes_bytes: Iterable[int]) -> altair.X:
    """Sizes, a tick each while there are few, on a scale of doublings; the field is ``size_bytes``."""
    import altair as alt

    sizes = sorted(set(sizes_bytes))
    axis = alt.Axis(
        title="message size", values=sizes, labelExpr=SIZE_EXPRESSION, labelOverlap="greedy", labelSeparation=4
    )
    scale = alt.Scale(type="log", base=2, nice=False, padding=8)
    return alt.X("size_bytes:Q", axis=axis, scale=scale)
