"""Two to six sessions beside each other: ratios to the first, with intervals and verdicts."""

from __future__ import annotations

__all__ = ["SESSIONS_HIGH", "ComparePage", "asked_ids", "compare"]

from collections.abc import Sequence

from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument
from queuemark.store.rows import SessionRow
from queuemark.web.data.asked import PictureData
from queuemark.web.data.page import Page, SessionLine, with_query
from queuemark.web.data.table import TableData

SESSIONS_HIGH = 6


class ComparePage(Page, frozen=True, kw_only=True):
    """asked: the ids, as they are typed. fault: why these cannot be compared."""

    asked: str
    sessions: list[SessionLine]
    fault: str | None
    picture: PictureData | None
    tables: list[TableData]


def asked_ids(sessions: Sequence[str]) -> list[str]:
    """Ids from a list, each of whose parts may hold several with commas between; each once.

    Raises: UsageError for more than can be compared.
    """
    ids = list(dict.fromkeys(part.strip() for each in sessions for part in each.split(",") if part.strip()))
    if len(ids) > SESSIONS_HIGH:
        raise UsageError(f"{len(ids)} sessions are too many to compare; name at most {SESSIONS_HIGH}")
    return ids


def compare(rows: Sequence[SessionRow], documents: Sequence[SessionDocument]) -> ComparePage:
    """documents: of the rows, with estimates; the first is what the others are compared with."""
    asked = ",".join(row.id for row in rows)
    tables, fault = _compared(documents)
    named = ", ".join(row.id[:8] for row in rows)
    return ComparePage(
        title=f"Comparison of {named}" if len(rows) > 1 else "Compare sessions",
        summary="Ratios of rates and latencies between sessions, with intervals and verdicts.",
        path=with_query("/compare", {"sessions": asked}),
        section="/compare",
        data=with_query("/api/compare", {"sessions": asked}),
        asked=asked,
        sessions=[SessionLine.of(row) for row in rows],
        fault=fault,
        picture=_picture(asked) if tables else None,
        tables=tables,
    )


def _compared(documents: Sequence[SessionDocument]) -> tuple[list[TableData], str | None]:
    """The tables, or why there are none."""
    if len(documents) < 2:
        return [], "Name one more session, or several." if documents else None
    # What computes intervals takes long to load, and no other page needs it.
    from queuemark.views.compared import compared_tables

    try:
        return [TableData.of(table) for table in compared_tables(documents)], None
    except UsageError as error:
        return [], str(error)


def _picture(asked: str) -> PictureData:
    svg, png, json = (
        with_query(f"/compare/picture{ending}", {"sessions": asked}) for ending in (".svg", ".png", ".json")
    )
    return PictureData(svg=svg, png=png, json=json, alt="Ratios to the first session with their intervals.")
