"""Tables as text for people, Markdown for pages, CSV for programs.

1. Text is as wide as asked at most: columns give way by rank, and the table says which.
2. Nothing that a document holds reaches a terminal as a control character.
3. CSV holds the cells as they are, in the units that the column names carry; None is empty.
"""

from __future__ import annotations

__all__ = ["FORMATS", "WIDTH", "csv_text", "markdown", "rendered", "text"]

import csv
import io
import textwrap
from collections.abc import Sequence
from itertools import zip_longest

from queuemark.views.table import Column, Table, without_least

WIDTH = 100
FORMATS = ("text", "markdown", "csv")

_GAP = "  "
_NAMED = 6
"""More columns than this are counted instead of named."""


def rendered(tables: Sequence[Table], form: str, width: int | None) -> str:
    """Tables in one of FORMATS, ended by a newline; width: of text, None for as wide as it takes."""
    if form == "csv":
        return "\n".join(csv_text(table) for table in tables)
    if form == "markdown":
        return "\n".join(markdown(table) for table in tables)
    return "\n".join(text(table, width) for table in tables)


def text(table: Table, width: int | None = WIDTH) -> str:
    """Columns side by side under their heads; the lines around the table are wrapped."""
    fitting, left_out = _fitting(table, width)
    below = list(fitting.below)
    if left_out:
        told = ", ".join(left_out) if len(left_out) <= _NAMED else f"{len(left_out)} more columns"
        below.append(f"no room for {told}: --wide shows all")
    lines = [table.title, *_wrapped(table.above, width), ""]
    lines += _grid(fitting)
    lines += ["", *_wrapped(below, width)] if below else []
    return "\n".join(_printable(line).rstrip() for line in lines) + "\n"


def _printable(line: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in line)


def _fitting(table: Table, width: int | None) -> tuple[Table, list[str]]:
    left_out: list[str] = []
    while width is not None and sum(_widths(table)) + len(_GAP) * (len(table.columns) - 1) > width:
        narrower = without_least(table)
        if narrower is None:
            break
        left_out += [column.title() for column in table.columns if column not in narrower.columns]
        table = narrower
    return table, left_out


def _widths(table: Table) -> list[int]:
    return [
        max(len(line) for line in [*column.head.split("\n"), *(line for row in _lines(table) for line in row[place])])
        for place, column in enumerate(table.columns)
    ]


def _lines(table: Table) -> list[list[list[str]]]:
    """Row by row and cell by cell, the lines that the cell takes."""
    return [
        [
            textwrap.wrap(cell, column.wrap, subsequent_indent="  ", break_on_hyphens=False) if column.wrap else [cell]
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
    lines.append(_pipes([column.title() for column in table.columns]))
    lines.append(_pipes(["---" if column.align == "left" else "---:" for column in table.columns]))
    lines += [_pipes([cell.replace("|", "\\|") for cell in row]) for row in table.texts()]
    lines += ["", *(f"- {line}" for line in table.below)] if table.below else []
    return "\n".join(map(_printable, lines)) + "\n"


def _pipes(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def csv_text(table: Table) -> str:
    """One line of column names, one line a row (RFC 4180, but lines end in a plain newline)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows(table.rows)
    return out.getvalue()
