"""One case of a session in full: every trial, every consumer, and what measured them."""

from __future__ import annotations

__all__ = ["CasePage", "case"]

import msgspec

from queuemark.analysis.summary import summaries
from queuemark.model.errors import NotFound
from queuemark.model.session import SessionDocument
from queuemark.model.summary import CaseSummary
from queuemark.model.units import format_bytes
from queuemark.store.rows import SessionRow
from queuemark.views.case import case_tables
from queuemark.views.naming import policy_text, workload_text
from queuemark.views.table import Table
from queuemark.web.data.asked import Asked, PictureData
from queuemark.web.data.page import Page, SessionLine
from queuemark.web.data.table import TableData


class CasePage(Page, frozen=True, kw_only=True):
    """workload, params: in words. hgrm: where its latencies are as HdrHistogram writes them.

    before, after: the pages of its neighbours in the session.
    """

    session: SessionLine
    case: CaseSummary
    workload: str
    params: str
    picture: PictureData | None
    tables: list[TableData]
    hgrm: str | None
    before: str | None
    after: str | None


def case(row: SessionRow, document: SessionDocument, key: str) -> CasePage:
    """document: with estimates. Raises: NotFound when the session has no case of that key."""
    line = SessionLine.of(row)
    told = summaries(document)
    place = next((place for place, each in enumerate(told) if each.key == key), None)
    if place is None:
        raise NotFound(f"session {row.id} has no case {key}; see its page for those that it has")
    result, summary = document.cases[place], told[place]
    path = f"{line.path}/cases/{key}"
    named = (
        f"{summary.transport}, {format_bytes(summary.size_bytes)} to {summary.consumers}, {policy_text(summary.policy)}"
    )
    return CasePage(
        title=f"Case {place + 1}: {named}",
        summary=f"Every trial of {named}, measured on {line.machine}.",
        path=path,
        section="/sessions",
        data=f"/api{path}",
        session=line,
        case=summary,
        workload=workload_text(result.case.workload),
        params=", ".join(f"{name}={value}" for name, value in result.case.params.items()),
        picture=Asked(view="trials", case=key).pictured(line.path, f"Each trial of {named}.", paged=False),
        tables=[TableData.of(_without_told(table)) for table in case_tables(document, place + 1, result)],
        hgrm=f"{line.path}.hgrm?case={key}" if result.latency is not None else None,
        before=f"{line.path}/cases/{told[place - 1].key}" if place else None,
        after=f"{line.path}/cases/{told[place + 1].key}" if place + 1 < len(told) else None,
    )


def _without_told(table: Table) -> Table:
    """The table without the column that the lines below it tell once for all trials, in words."""
    kept = [place for place, column in enumerate(table.columns) if column.name != "counters"]
    return msgspec.structs.replace(
        table,
        columns=[table.columns[place] for place in kept],
        rows=[[row[place] for place in kept] for row in table.rows],
    )
