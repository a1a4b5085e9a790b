"""Tables as text for people, Markdown for pages, CSV for programs.

1. Text is as wide as asked at most: words wrap where they may, columns give way by rank, and the table says which.
2. Nothing that a document holds reaches a terminal as a control character.
3. Without rows there are no heads to read, but always those of CSV, which programs look for.
4. CSV that no terminal shows holds the cells as they are, in the units that the column names carry; None is empty.
   Only text that a spreadsheet would take for a formula gets an apostrophe before it: whoever wrote it would compute
   in the reader's.
"""

from __future__ import annotations

__all__ = ["FORMATS", "WIDTH", "csv_text", "markdown", "printable", "rendered", "terminal_width", "text"]

import csv
import io
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from itertools import zip_longest

import msgspec

from queuemark.views.bars import with_bars
from queuemark.views.table import Cell, Column, Table, without_least

WIDTH = 100
"""Columns of text where no terminal says how many it has."""

FORMATS = ("text", "markdown", "csv")

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that spreadsheets compute."""

_GAP = "  "
_NAMED = 6
"""More columns than this are counted instead of named."""


def terminal_width() -> int:
    """The terminal's columns; a fixed number where stdout is none."""
    return shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH


def rendered(tables: Sequence[Table], form: str, width: int | None) -> str:
    """Tables in one of FORMATS, ended by a newline; width: of text, None for as wide as it takes."""
    if form == "csv":
        whole = "\n".join(csv_text(table) for table in tables)
        return "\n".join(map(printable, whole.split("\n"))) if sys.stdout.isatty() else whole
    if form == "markdown":
        return "\n".join(markdown(table) for table in tables)
    return "\n".join(text(table, width) for table in tables)


def text(table: Table, width: int | None = WIDTH) -> str:
    """Columns side by side under their heads; the lines around the table are wrapped."""
    fitting, left_out = _fitting(with_bars(table, _has_blocks()), width)
    below = list(fitting.below)
    if left_out and table.rows:
        told = ", ".join(left_out) if len(left_out) <= _NAMED else f"{len(left_out)} more columns"
        below.append(f"no room for {told}: {table.more}")
    grid = _grid(fitting) if table.rows else []
    parts = [[table.title, *_wrapped(table.above, width)], grid, _wrapped(below, width)]
    return "\n\n".join("\n".join(printable(line).rstrip() for line in part) for part in parts if part) + "\n"


def _has_blocks() -> bool:
    """Whether what is printed can be of more than ASCII's characters."""
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def printable(line: str) -> str:
    """The line with a question mark for each character that does not print."""
    return "".join(character if character.isprintable() else "?" for character in line)


def _fitting(table: Table, width: int | None) -> tuple[Table, list[str]]:
    if width is None:
        return table, []
    left_out: list[str] = []
    asked = {column.name: column.wrap for column in table.columns}
    for column in table.columns:
        table = _rewrapped(table, column, column.wrap_low or column.wrap)
    while _width(table) > width:
        narrower = without_least(table)
        if narrower is None:
            break
        left_out += [
            column.title() for column in table.columns if column not in narrower.columns and column.head.strip()
        ]
        table = narrower
    return _roomy(table, width, asked), left_out


def _roomy(table: Table, width: int, asked: Mapping[str, int | None]) -> Table:
    """What room is left goes to the columns that gave some, from left to right."""
    for place, column in enumerate(table.columns):
        if column.wrap_low is not None:
            room = max(column.wrap_low, _widths(table)[place] + width - _width(table))
            table = _rewrapped(table, column, min(room, asked[column.name] or room))
    return table


def _rewrapped(table: Table, column: Column, wrap: int | None) -> Table:
    columns = [msgspec.structs.replace(held, wrap=wrap) if held is column else held for held in table.columns]
    return msgspec.structs.replace(table, columns=columns)


class _CellWrapper(textwrap.TextWrapper):
    """Goes on in a new line after a space; within a word that is too long for one, after a comma or a slash."""

    def _handle_long_word(self, reversed_chunks: list[str], cur_line: list[str], cur_len: int, width: int) -> None:
        word, room = reversed_chunks[-1], width - cur_len
        end = max(word.rfind(mark, 0, max(room, 0)) for mark in ",/") + 1
        if end:
            cur_line.append(word[:end])
            reversed_chunks[-1] = word[end:]
        elif not cur_line:
            super()._handle_long_word(reversed_chunks, cur_line, cur_len, width)


def _width(table: Table) -> int:
    return sum(_widths(table)) + len(_GAP) * (len(table.columns) - 1)


def _widths(table: Table) -> list[int]:
    return [
        max(len(line) for line in [*column.head.split("\n"), *(line for row in _lines(table) for line in row[place])])
        for place, column in enumerate(table.columns)
    ]


def _lines(table: Table) -> list[list[list[str]]]:
    """Row by row and cell by cell, the lines that the cell takes."""
    return [
        [
            _CellWrapper(column.wrap, subsequent_indent="  ", break_on_hyphens=False).wrap(cell)
            if column.wrap
            else [cell]
            for column, cell in zip(table.columns, row, strict=True)
        ]
        for row in table.texts()
    ]


def _grid(table: Table) -> list[str]:
    widths = _widths(table)
    heads = [column.head.split("\n") for column in table.columns]
    depth = max((len(head) for head in heads), default=0)
    rows = [[[""] * (depth - len(head)) + head for head in heads], [["-" * width] for width in widths], *_lines(table)]
    return [_placed(line, table.columns, widths) for row in rows for line in zip_longest(*row, fillvalue="")]


def _placed(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    placed = zip(cells, columns, widths, strict=True)
    return _GAP.join(
        cell.ljust(width) if column.align == "left" else cell.rjust(width) for cell, column, width in placed
    )


def _wrapped(lines: Sequence[str], width: int | None) -> list[str]:
    if width is None:
        return list(lines)
    return [
        part
        for line in lines
        for part in textwrap.wrap(line, width, subsequent_indent="    ", break_on_hyphens=False) or [""]
    ]


def markdown(table: Table) -> str:
    """A title, a pipe table, and the lines around it as paragraphs and a list."""
    lines = [f"### {table.title}", "", *(line for said in table.above for line in (said, ""))]
    if table.rows:
        lines.append(_pipes([column.title() for column in table.columns]))
        lines.append(_pipes(["---" if column.align == "left" else "---:" for column in table.columns]))
    lines += [_pipes([cell.replace("|", "\\|") for cell in row]) for row in table.texts()]
    lines += ["", *(f"- {line}" for line in table.below)] if table.below else []
    return "\n".join(map(printable, lines)) + "\n"


def _pipes(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def csv_text(table: Table) -> str:
    """One line of column names, one line a row (RFC 4180, but lines end in a plain newline)."""
    lines: list[list[Cell]] = [[column.name for column in table.columns]]
    lines += [[_inert(cell) for cell in row] for row in table.rows]
    return "".join(map(_csv_line, lines))


def _csv_line(cells: Sequence[Cell]) -> str:
    # Only with the usual end of lines does the writer put a cell with a carriage return into quotes.
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue().removesuffix("\r\n") + "\n"


def _inert(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
