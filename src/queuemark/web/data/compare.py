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
        picture=None,
        tables=tables,
    )


def _compared(documents: Sequence[SessionDocument]) -> tuple[list[TableData], str | None]:
    """A table for each but the first, or why there is none."""
    if len(documents) < 2:
        return [], "Name one more session, or several." if documents else None
    first, *others = documents
    try:
        return [_against(first, other) for other in others], None
    except UsageError as error:
        return [], str(error)


def _against(first: SessionDocument, other: SessionDocument) -> TableData:
    """Only what has one meaning is compared, whatever else the two hold. Raises: UsageError when that is nothing."""
    # What computes intervals takes long to load, and no other page needs it.
    from queuemark.analysis.comparison import compare as compared
    from queuemark.analysis.matching import check_comparable
    from queuemark.views.comparison import comparison_table

    check_comparable([first], [other], across=True)
    command = f"queuemark compare {first.session.id[:12]} {other.session.id[:12]} --across"
    return TableData.of(comparison_table(compared([first], [other]), [first], [other], command))
