"""Two to six sessions beside each other: ratios to the first, with intervals and verdicts."""

from __future__ import annotations

__all__ = ["ComparePage", "asked_ids", "compare", "narrowed"]

from collections.abc import Sequence

from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument
from queuemark.store.rows import SessionRow
from queuemark.views.selection import Selection, selected
from queuemark.web.data.asked import SCALE_NAMES, Asked, Choice, PictureData
from queuemark.web.data.page import Page, SessionLine, with_query
from queuemark.web.data.table import TableData

SESSIONS_HIGH = 6


class ComparePage(Page, frozen=True, kw_only=True):
    """ids: as they are typed. choices: what all cases may be narrowed by; unfiltered: the path with all of them.

    fault: why these cannot be compared.
    """

    ids: str
    sessions: list[SessionLine]
    choices: list[Choice]
    narrowed: bool
    unfiltered: str
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


def compare(rows: Sequence[SessionRow], documents: Sequence[SessionDocument], asked: Asked) -> ComparePage:
    """documents: of the rows, with estimates; the first is what the others are compared with."""
    ids = ",".join(row.id for row in rows)
    tables, fault = _compared(documents, asked.selection)
    named = ", ".join(row.id[:8] for row in rows)
    path = _path(ids, asked)
    return ComparePage(
        title=f"Comparison of {named}" if len(rows) > 1 else "Compare sessions",
        summary="Ratios of rates and latencies between sessions, with intervals and verdicts.",
        path=path,
        section="/compare",
        data=f"/api{path}",
        ids=ids,
        sessions=[SessionLine.of(row) for row in rows],
        choices=asked.choices(documents[0], lambda other: _path(ids, other)) if len(rows) > 1 else [],
        narrowed=bool(asked.selection),
        unfiltered=_path(ids, Asked(scale=asked.scale)),
        fault=fault,
        picture=_picture(ids, asked) if tables else None,
        tables=tables,
    )


def narrowed(documents: Sequence[SessionDocument], selection: Selection) -> list[SessionDocument]:
    """The cases that are chosen, of each. Raises: UsageError where that leaves one of them none."""
    return [selected(document, selection) for document in documents]


def _path(ids: str, asked: Asked) -> str:
    return with_query("/compare", {"sessions": ids, **asked.query()})


def _compared(documents: Sequence[SessionDocument], selection: Selection) -> tuple[list[TableData], str | None]:
    """The tables, or why there are none."""
    if len(documents) < 2:
        return [], "Name one more session, or several." if documents else None
    # What computes intervals takes long to load, and no other page needs it.
    from queuemark.views.compared import compared_tables

    try:
        return [TableData.of(table) for table in compared_tables(narrowed(documents, selection))], None
    except UsageError as error:
        return [], str(error)


def _picture(ids: str, asked: Asked) -> PictureData:
    def path(of: Asked, ending: str) -> str:
        return with_query(f"/compare/picture{ending}", {"sessions": ids, **of.query()})

    other, bare = asked.other_scale(), asked.uncaptioned()
    return PictureData(
        svg=path(asked, ".svg"),
        png=path(asked, ".png"),
        json=path(asked, ".json"),
        shown=path(bare, ".svg"),
        explored=path(bare, ".json"),
        alt="Ratios to the first session with their intervals; the tables below hold the same figures.",
        other_scale=_path(ids, other),
        other_scale_name=SCALE_NAMES[other.scale],
    )
