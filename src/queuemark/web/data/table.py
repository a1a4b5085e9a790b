"""A table of a view as pages show it and programs get it: cut where it is long, every cell as value and as text."""

from __future__ import annotations

__all__ = ["ROWS_HIGH", "ColumnData", "TableData"]

from typing import Literal

import msgspec

from queuemark.views.table import Cell, Column, Table

ROWS_HIGH = 200
"""Rows of a table on a page, unless a reader asks for all."""

_NAMES = 2
"""Columns at the beginning that say what a row is of."""


class ColumnData(msgspec.Struct, frozen=True, kw_only=True):
    """name: for programs, its unit included. title: for readers."""

    name: str
    title: str
    align: Literal["left", "right"]


class TableData(msgspec.Struct, frozen=True, kw_only=True):
    """rows: cells in the unit that the column's name carries. texts: the same as they read.

    left_out: how many rows more the table has.
    """

    title: str
    above: list[str]
    columns: list[ColumnData]
    rows: list[list[Cell]]
    texts: list[list[str]]
    below: list[str]
    left_out: int

    @classmethod
    def of(cls, table: Table, rows_high: int | None = ROWS_HIGH) -> TableData:
        """rows_high: None for all."""
        part = msgspec.structs.replace(table, rows=table.rows[:rows_high])
        return cls(
            title=table.title,
            above=table.above,
            columns=[ColumnData(name=each.name, title=each.title(), align=each.align) for each in table.columns],
            rows=part.rows,
            texts=part.texts(),
            below=table.below,
            left_out=len(table.rows) - len(part.rows),
        )

    def readable(self) -> Table:
        """The table whose cells are texts already, without the columns in which nothing stands.

        Where not all is well, how it ended stands beside the names: nobody should have to scroll to it.
        """
        told = [place for place in range(len(self.columns)) if any(row[place] not in (None, "") for row in self.rows)]
        told.sort(key=lambda place: (place >= _NAMES and not self._alarms(place), place))
        columns = [
            Column(name=each.name, head=each.title, align=each.align) for each in map(self.columns.__getitem__, told)
        ]
        rows: list[list[Cell]] = [[row[place] for place in told] for row in self.texts]
        return Table(title=self.title, above=self.above, columns=columns, rows=rows, below=self.below)

    def _alarms(self, place: int) -> bool:
        return self.columns[place].name == "state" and any(row[place] != "ok" for row in self.rows)
