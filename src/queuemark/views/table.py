"""A table as data: what each column holds and in which unit, how a cell reads, what stands below it.

1. A cell is a plain value in the column's unit, or None for what does not exist: never 0 instead.
2. A column that matters less may give way where there is no room; a key column never does.
"""

from __future__ import annotations

__all__ = ["KEEP", "NOTHING", "Cell", "Column", "Table", "without_least"]

from collections.abc import Callable
from typing import Literal

import msgspec

Cell = str | int | float | None

NOTHING = "-"
"""What a reader sees for None."""

KEEP = 0
"""The rank of a column that never gives way."""


def _plain(value: str | int | float) -> str:
    return str(value)


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """name: for programs, its unit included (``size_bytes``). head: for readers, lines parted by newlines.

    show: a cell that is not None, for readers. rank: the higher, the sooner it gives way.
    wrap: characters after which text goes on in a line below; None: never. wrap_low: where there is less room,
        how few characters it may come to before other columns give way; None: it keeps its width.
    bar: in text, each number has a bar beside it where there is room.
    """

    name: str
    head: str
    show: Callable[[str | int | float], str] = _plain
    align: Literal["left", "right"] = "right"
    rank: int = KEEP
    wrap: int | None = None
    wrap_low: int | None = None
    bar: bool = False

    def title(self) -> str:
        """The head in one line."""
        return self.head.replace("-\n", "").replace("/\n", "/").replace("\n", " ")

    def text(self, cell: Cell) -> str:
        return NOTHING if cell is None else self.show(cell)


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """title: one line. above: lines that hold for every row. below: what rows refer to, and remarks.

    more: how to see the columns for which there was no room.
    """

    title: str
    above: list[str] = []
    columns: list[Column]
    rows: list[list[Cell]]
    below: list[str] = []
    more: str = "--wide shows all"

    def texts(self) -> list[list[str]]:
        """Every cell as readers see it, row by row."""
        return [[column.text(cell) for column, cell in zip(self.columns, row, strict=True)] for row in self.rows]


def without_least(table: Table) -> Table | None:
    """The table without its column of the highest rank, or None when all must stay."""
    rank = max((column.rank for column in table.columns), default=KEEP)
    if rank == KEEP:
        return None
    index = max(place for place, column in enumerate(table.columns) if column.rank == rank)
    return msgspec.structs.replace(
        table,
        columns=[*table.columns[:index], *table.columns[index + 1 :]],
        rows=[[*row[:index], *row[index + 1 :]] for row in table.rows],
    )
