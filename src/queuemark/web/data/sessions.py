"""The list of sessions, by mechanism and machine, the newest first."""

from __future__ import annotations

__all__ = ["SessionsPage", "sessions"]

from queuemark.store.record import Record
from queuemark.store.rows import SessionFilter
from queuemark.web.data.page import Field, Page, SessionLine, fields, with_query

_ROWS = 50


class SessionsPage(Page, frozen=True, kw_only=True):
    """fields: what the list is narrowed by. older, newest: paths of the next page and of the first."""

    fields: list[Field]
    filtered: bool
    sessions: list[SessionLine]
    newest: str | None
    older: str | None


def sessions(
    record: Record,
    transport: str | None = None,
    system: str | None = None,
    release: str | None = None,
    processor: str | None = None,
    before: int | None = None,
) -> SessionsPage:
    """Empty texts are as good as none. before: the number of the last session of the page before."""
    asked = {"transport": transport, "system": system, "release": release, "processor": processor}
    asked = {name: (value or "").strip() or None for name, value in asked.items()}
    chosen = SessionFilter(
        transport=asked["transport"],
        system=asked["system"],
        release=asked["release"],
        cpu_model=asked["processor"],
    )
    rows = record.recent(_ROWS + 1, before, chosen)
    held = rows[:_ROWS]
    told = ", ".join(value for value in asked.values() if value)
    return SessionsPage(
        title=f"Sessions: {told}" if told else "Sessions",
        summary="Measured sessions of message passing, the newest first.",
        path=with_query("/sessions", {**asked, "before": before}),
        section="/sessions",
        data=with_query("/api/sessions", {**asked, "before": before}),
        fields=fields(record, asked),
        filtered=bool(told),
        sessions=[SessionLine.of(row) for row in held],
        newest=with_query("/sessions", asked) if before is not None else None,
        older=with_query("/sessions", {**asked, "before": held[-1].number}) if len(rows) > _ROWS else None,
    )
