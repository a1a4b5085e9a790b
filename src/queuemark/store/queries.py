"""What pages ask of the record, one statement each, none of which reads many more rows than it answers with.

1. A page begins behind the last row of the one before, never at a distance from the first.
2. A filter goes by its rarest value: only the sessions that have it are looked at.
3. What is to be ranked lies in an index in that order.
"""

from __future__ import annotations

__all__ = [
    "best_case",
    "choices",
    "fastest_cases",
    "known_facets",
    "newest_cases",
    "one_platform",
    "one_session",
    "platform_page",
    "platform_row",
    "record_case",
    "session_page",
    "session_row",
    "wanted_facets",
]

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, literal_column, select, tuple_

from queuemark.model.summary import CaseSummary
from queuemark.store.documents import state_of
from queuemark.store.facets import Facet, any_of
from queuemark.store.rows import CaseFilter, PlatformRow, RecordCase, SessionFilter, SessionRow
from queuemark.store.tables import cases, details, facets, listed, platforms, sessions

_PLATFORM = [column.label(f"its_{column.name}") for column in platforms.c]
_NUMBER_HIGH = 2**63 - 1
_BEHIND_ALL = 2**31 - 1
_SUMMARY = [cases.c[name] for name in CaseSummary.__struct_fields__]


def session_row(row: Row[Any]) -> SessionRow:
    """row: of ``session_page``."""
    return SessionRow(
        number=row.number,
        id=row.id,
        created_at=row.created_at,
        received_at=row.received_at,
        state=state_of(row),
        source=row.source,
        disputed=row.disputed,
        platform=platform_row(row),
        host_label=row.host_label or None,
        cases=row.cases,
        trials=row.trials or 0,
        trials_counted=row.trials is not None,
        command=row.command,
    )


def platform_row(row: Row[Any]) -> PlatformRow:
    """row: of any of the pages."""
    held = {name: getattr(row, f"its_{name}") for name in PlatformRow.__struct_fields__}
    return PlatformRow(**{**held, "version": held["version"] or None, "cpu_model": held["cpu_model"] or None})


def record_case(row: Row[Any]) -> RecordCase:
    summary = CaseSummary(**{name: getattr(row, name) for name in CaseSummary.__struct_fields__})
    return RecordCase(session_id=row.session_id, platform=platform_row(row), summary=summary)


def known_facets(wanted: Sequence[Facet]) -> Select[Any]:
    """Those that any session has, and how many have them."""
    return select(facets.c.id, facets.c.sessions).where(any_of(wanted), facets.c.sessions > 0)


def wanted_facets(wanted: SessionFilter) -> list[Facet]:
    asked = {
        "system": wanted.system,
        "release": wanted.release,
        "cpu_model": wanted.cpu_model,
        "transport": wanted.transport,
        "platform": wanted.platform_id,
    }
    return [Facet(kind, value) for kind, value in asked.items() if value is not None]


def one_session(session_id: str) -> Select[Any]:
    return _sessions().where(sessions.c.id == session_id)


def session_page(limit: int, before: int | None, facet_ids: Sequence[int]) -> Select[Any]:
    """The newest first; facet_ids: all of which the sessions must have, the rarest first."""
    page = _sessions().limit(limit)
    behind = _BEHIND_ALL if before is None else max(0, min(before, _BEHIND_ALL))
    if not facet_ids:
        return page.where(sessions.c.number < behind).order_by(sessions.c.number.desc())
    rarest, *others = facet_ids
    page = page.join(listed, listed.c.number == sessions.c.number).where(listed.c.facet_id == rarest)
    for facet_id in others:
        also = listed.alias()
        page = page.where(
            select(also.c.number).where(also.c.facet_id == facet_id, also.c.number == listed.c.number).exists()
        )
    return page.where(listed.c.number < behind).order_by(listed.c.number.desc())


def _sessions() -> Select[Any]:
    of_session = sessions.join(platforms, platforms.c.id == sessions.c.platform_id).outerjoin(details)
    return select(sessions, *_PLATFORM, details.c.host_label).select_from(of_session)


def platform_page(limit: int, after: Row[Any] | None, wanted: SessionFilter) -> Select[Any]:
    """By system, release and processor, of those that have any session; after: the row of the last one's platform."""
    fixed = {name: value for name in ("system", "release", "cpu_model") if (value := getattr(wanted, name)) is not None}
    order = [platforms.c[name] for name in ("system", "release", "cpu_model", "id") if name not in fixed]
    page = select(*_PLATFORM).where(platforms.c.sessions > literal_column("0"))
    page = page.where(*(platforms.c[name] == value for name, value in fixed.items())).order_by(*order).limit(limit)
    if after is None:
        return page
    return page.where(tuple_(*order) > tuple_(*(getattr(after, f"its_{column.name}") for column in order)))


def one_platform(platform_id: str) -> Select[Any]:
    return select(*_PLATFORM).where(platforms.c.id == platform_id)


def choices(kind: str, limit: int) -> Select[Any]:
    """Values that any session has, the most frequent first."""
    known = select(facets.c.value, facets.c.sessions).where(facets.c.kind == kind, facets.c.sessions > 0)
    return known.order_by(facets.c.sessions.desc()).limit(limit)


def best_case(transport: str, runtime: str) -> Select[Any]:
    """The one that comes nearest to its limit."""
    mechanism = _cases().where(cases.c.foremost.is_(True), cases.c.transport == transport, cases.c.runtime == runtime)
    return mechanism.order_by(cases.c.limit_share.desc()).limit(1)


def fastest_cases(transport: str, wanted: CaseFilter, limit: int) -> Select[Any]:
    """Of one transport, on any platform; the filter's own are not looked at."""
    of_transport = _of_workload(wanted).where(cases.c.transport == transport)
    return of_transport.order_by(cases.c.median_per_s.desc()).limit(limit)


def newest_cases(wanted: CaseFilter, platform_facet: int, newest: int) -> Select[Any]:
    """Of the newest sessions of a platform, in no order."""
    of_platform = select(listed.c.number).where(listed.c.facet_id == platform_facet)
    numbers = of_platform.order_by(listed.c.number.desc()).limit(newest)
    of_sessions = _of_workload(wanted).where(
        cases.c.session_id.in_(select(sessions.c.id).where(sessions.c.number.in_(numbers)))
    )
    return of_sessions if wanted.transport is None else of_sessions.where(cases.c.transport == wanted.transport)


def _of_workload(wanted: CaseFilter) -> Select[Any]:
    return _cases().where(
        cases.c.ranked.is_(True),
        cases.c.size_bytes == _storable(wanted.size_bytes),
        cases.c.consumers == _storable(wanted.consumers),
        cases.c.pattern == wanted.pattern,
    )


def _storable(number: int) -> int:
    """The nearest that a column can hold: there is nothing beyond."""
    return max(-_NUMBER_HIGH, min(number, _NUMBER_HIGH))


def _cases() -> Select[Any]:
    of_case = cases.join(platforms, platforms.c.id == cases.c.platform_id)
    return select(cases.c.session_id, *_SUMMARY, *_PLATFORM).select_from(of_case)
