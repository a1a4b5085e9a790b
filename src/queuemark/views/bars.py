"""Bars of characters beside the numbers of a column, for the text that terminals show.

1. A bar is as long as its number is of the column's highest; what is above 0 has at least the shortest bar.
2. Where the terminal's encoding has no characters for eighths, bars are of ``#``.
"""

from __future__ import annotations

__all__ = ["bar_text", "with_bars"]

from collections.abc import Sequence

import msgspec

from queuemark.views.table import Cell, Column, Table

_CHARACTERS = 8
_RANK = 4
"""A bar is seen at once: it gives way behind what is looked at last, and before what says more than itself."""

_EIGHTHS = " ▏▎▍▌▋▊▉█"


def bar_text(share: float, blocks: bool) -> str:
    """share: from 0 to 1. blocks: whether characters for eighths can be shown."""
    if not blocks:
        return "#" * max(share > 0, round(share * _CHARACTERS))
    whole, eighths = divmod(max(share > 0, round(share * _CHARACTERS * 8)), 8)
    return _EIGHTHS[8] * whole + _EIGHTHS[eighths] * (eighths > 0)


def with_bars(table: Table, blocks: bool) -> Table:
    """The table with a column of bars to the right of each that asks for them and has a number above 0."""
    for place in reversed(range(len(table.columns))):
        column, cells = table.columns[place], [row[place] for row in table.rows]
        highest = max((cell for cell in cells if isinstance(cell, int | float)), default=0)
        if column.bar and highest > 0:
            table = _beside(table, place, [_bar(cell, highest, blocks) for cell in cells])
    return table


def _bar(cell: Cell, highest: float, blocks: bool) -> str:
    return bar_text(cell / highest, blocks) if isinstance(cell, int | float) else ""


def _beside(table: Table, place: int, bars: Sequence[str]) -> Table:
    name = f"{table.columns[place].name}_bar"
    added = Column(name=name, head=" " * _CHARACTERS, align="left", rank=_RANK)
    return msgspec.structs.replace(
        table,
        columns=[*table.columns[: place + 1], added, *table.columns[place + 1 :]],
        rows=[[*row[: place + 1], bar, *row[place + 1 :]] for row, bar in zip(table.rows, bars, strict=True)],
    )
