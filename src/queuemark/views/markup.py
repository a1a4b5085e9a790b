"""A table as HTML, for reports and for the site: complete without scripts, and nothing in it but text.

1. Whatever a document holds is escaped; control characters are shown as such and not passed on.
2. What is wider than the page scrolls by itself, with a keyboard, too.
"""

from __future__ import annotations

__all__ = ["table_html"]

from collections.abc import Sequence
from html import escape

from queuemark.views.render import printable
from queuemark.views.table import Column, Table


def table_html(table: Table) -> str:
    """``<div class="table">``: the lines above, the table with its title as caption, the lines below as a list.

    Without rows there is no table, and the title is a paragraph. Classes: ``said`` of lines and title, ``scroll`` of
    what scrolls, ``right`` of numbers. A head has its column's name for programs as ``data-name``.
    """
    above = "".join(f'<p class="said">{_text(line)}</p>\n' for line in table.above)
    below = "".join(f"<li>{_text(line)}</li>\n" for line in table.below)
    below = f'<ul class="said">\n{below}</ul>\n' if below else ""
    held = _grid(table) if table.rows else f'<p class="said">{_text(table.title)}</p>\n'
    return f'<div class="table">\n{above}{held}{below}</div>\n'


def _grid(table: Table) -> str:
    heads = "".join(
        f'<th scope="col" data-name="{_text(column.name)}"{_side(column)}>{_text(column.title())}</th>'
        for column in table.columns
    )
    rows = "".join(f"<tr>{_cells(table.columns, row)}</tr>\n" for row in table.texts())
    title = _text(table.title)
    return (
        f'<div class="scroll" role="region" aria-label="{title}" tabindex="0">\n<table>\n<caption>{title}</caption>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )


def _cells(columns: Sequence[Column], row: Sequence[str]) -> str:
    return "".join(f"<td{_side(column)}>{_text(cell)}</td>" for column, cell in zip(columns, row, strict=True))


def _side(column: Column) -> str:
    return ' class="right"' if column.align == "right" else ""


def _text(line: str) -> str:
    return escape(printable(line))
