"""The report as Markdown, its pictures as files beside it; what a session says is text there, too."""

from __future__ import annotations

__all__ = ["markdown_report", "pictures", "plain"]

import re
from collections.abc import Iterator
from urllib.parse import quote

import msgspec

from queuemark.report.content import Content, Section, Told, title_of
from queuemark.views.header import about
from queuemark.views.render import markdown, printable
from queuemark.views.table import Column, Table
from queuemark.views.theme import Spec


def pictures(held: Content) -> dict[str, Spec]:
    """By the name of its section, which its file has, too; in the order of the report."""
    compared = [held.compared] if held.compared is not None else []
    every = [*compared, *(section for told in held.told for section in told.sections)]
    return {section.name: section.chart for section in every if section.chart is not None}


def markdown_report(held: Content, folder: str | None, ending: str) -> str:
    """folder: where its pictures lie, as seen from the report's place; None: it has none. ending: theirs, ``.svg``."""
    shown = None if folder is None else f"{quote(folder)}/{{name}}{ending}"
    parts = [f"# {title_of(held)}"]
    parts += [plain(f"These sessions are not compared: {held.apart}")] if held.apart is not None else []
    parts += _section(held.compared, shown) if held.compared is not None else []
    for told in held.told:
        parts += _session(told, shown)
    return "\n\n".join(parts) + "\n"


def _session(told: Told, shown: str | None) -> Iterator[str]:
    yield f"## Session {told.name}"
    yield plain(about(told.document))
    yield "\n".join(f"- **{line.about}**: {plain(line.text)}" for line in told.headlines)
    for section in told.sections:
        yield from _section(section, shown)
    yield "### How was it measured?"
    left_out = [f"not in this report, {line}" for line in told.left_out]
    yield "\n".join(f"- {plain(line)}" for line in [*told.measured, *left_out])
    yield "Again:"
    yield _code(told.again)


def _section(section: Section, shown: str | None) -> Iterator[str]:
    """The picture stands under the heading of the first table."""
    first, *others = (markdown(_escaped(table)).strip("\n") for table in section.tables)
    heading, _, rest = first.partition("\n")
    yield heading
    if shown is not None and section.chart is not None:
        yield f"![{plain(section.question)}]({shown.format(name=section.name)})"
    yield from [rest.strip("\n"), *others]


_MARKUP = re.compile(r"([\\`*_\[\]<>#&])")


def plain(text: str) -> str:
    """Text that Markdown shows as it is, in one line."""
    return _MARKUP.sub(r"\\\1", printable(" ".join(text.split())))


def _escaped(table: Table) -> Table:
    """The same, with nothing in it that Markdown would take for its own."""
    return msgspec.structs.replace(
        table,
        title=plain(table.title),
        above=[plain(line) for line in table.above],
        below=[plain(line) for line in table.below],
        columns=[_plainly(column) for column in table.columns],
    )


def _plainly(column: Column) -> Column:
    return msgspec.structs.replace(column, head=plain(column.title()), show=lambda value: plain(column.show(value)))


def _code(command: str) -> str:
    """A block that ends where the command does, whatever it holds."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", command)), default=0))
    return f"{fence}console\n$ {printable(' '.join(command.split()))}\n{fence}"
