"""The counts that the record keeps, so that no page has to count: of sessions by what they have, and of everything.

1. A session is in the counts or it is not (``sessions.counted``); whoever changes one changes the other in the same
   transaction.
2. Rows are changed in one order, so that two writers wait for each other at most, and never for ever.
"""

from __future__ import annotations

__all__ = ["LISTED", "Facet", "any_of", "count", "discount", "facets_of", "mechanism_of"]

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Integer, Row, and_, bindparam, delete, insert, or_, select, update

from queuemark.store.tables import cases, facets, listed, platforms, sessions, totals
from queuemark.store.upsert import insert_or

LISTED = ("system", "release", "cpu_model", "platform", "transport")
"""Kinds that a page may be filtered by."""


class Facet(NamedTuple):
    """kind: one of LISTED, or ``mechanism`` (transport and runtime), ``size_bytes``, ``consumers``, ``pattern``."""

    kind: str
    value: str


def facets_of(platform: Row[Any], of: Sequence[Any]) -> list[Facet]:
    """What a session has, each once and in order; of: its cases, summaries or rows."""
    values: dict[str, set[str]] = {
        **{kind: {getattr(platform, kind)} - {""} for kind in ("system", "release", "cpu_model")},
        "platform": {platform.id},
        "transport": {case.transport for case in of},
        "mechanism": {_mechanism(*names) for names in {(case.transport, case.runtime) for case in of}},
        "pattern": {case.pattern for case in of},
        "size_bytes": {str(size_bytes) for size_bytes in {case.size_bytes for case in of}},
        "consumers": {str(consumers) for consumers in {case.consumers for case in of}},
    }
    return sorted(Facet(kind, value) for kind, of_kind in values.items() for value in of_kind)


def _mechanism(transport: str, runtime: str) -> str:
    return msgspec.json.encode((transport, runtime)).decode()


def mechanism_of(value: str) -> tuple[str, str]:
    """Transport and runtime of a facet; either may hold any character."""
    return msgspec.json.decode(value, type=tuple[str, str])


def any_of(found: Sequence[Facet]) -> ColumnElement[bool]:
    """Looked up kind by kind: pairs of kind and value would be held against every facet that there is."""
    values: dict[str, list[str]] = {}
    for kind, value in found:
        values.setdefault(kind, []).append(value)
    return or_(*(and_(facets.c.kind == kind, facets.c.value.in_(of_kind)) for kind, of_kind in values.items()))


def count(connection: Connection, session: Row[Any], of: Sequence[Any]) -> None:
    """The session is in the counts from now on; session: a row of its table. of: as in ``facets_of``."""
    new = _count_platform(connection, session.platform_id, 1) == 1
    found = facets_of(_platform(connection, session.platform_id), of)
    raised = insert_or(connection, facets).on_conflict_do_update(
        index_elements=["kind", "value"], set_={"sessions": facets.c.sessions + 1}
    )
    connection.execute(raised, [{"kind": kind, "value": value, "sessions": 1} for kind, value in found])
    rows = [{"of": kind, "named": value, "session": session.number} for kind, value in found if kind in LISTED]
    connection.execute(_LIST, rows)
    _count_totals(connection, session, 1, platforms=new)
    connection.execute(update(sessions).where(sessions.c.number == session.number).values(counted=True))


def discount(connection: Connection, session: Row[Any]) -> None:
    """The session is no longer in the counts; its cases must still be there."""
    gone = _count_platform(connection, session.platform_id, -1) == 0
    held = connection.execute(select(cases).where(cases.c.session_id == session.id)).all()
    found = facets_of(_platform(connection, session.platform_id), held)
    lowered = update(facets).where(facets.c.kind == bindparam("of"), facets.c.value == bindparam("named"))
    connection.execute(
        lowered.values(sessions=facets.c.sessions - 1), [{"of": kind, "named": value} for kind, value in found]
    )
    ids = _listed_ids(connection, found)
    connection.execute(delete(listed).where(listed.c.facet_id.in_(ids), listed.c.number == session.number))
    _count_totals(connection, session, -1, platforms=gone)
    connection.execute(update(sessions).where(sessions.c.number == session.number).values(counted=False))


_LIST = insert(listed).from_select(
    ["facet_id", "number"],
    select(facets.c.id, bindparam("session", type_=Integer)).where(
        facets.c.kind == bindparam("of"), facets.c.value == bindparam("named")
    ),
)


def _platform(connection: Connection, platform_id: str) -> Row[Any]:
    return connection.execute(select(platforms).where(platforms.c.id == platform_id)).one()


def _count_platform(connection: Connection, platform_id: str, by: int) -> int:
    """How many sessions it has then."""
    change = update(platforms).where(platforms.c.id == platform_id)
    connection.execute(change.values(sessions=platforms.c.sessions + by))
    return int(connection.execute(select(platforms.c.sessions).where(platforms.c.id == platform_id)).scalar_one())


def _listed_ids(connection: Connection, found: Sequence[Facet]) -> list[int]:
    wanted = [facet for facet in found if facet.kind in LISTED]
    return list(connection.execute(select(facets.c.id).where(any_of(wanted))).scalars())


def _count_totals(connection: Connection, session: Row[Any], by: int, *, platforms: bool) -> None:
    held = {
        "sessions": by,
        "cases": by * session.cases,
        "trials": by * (session.trials or 0),
        "platforms": by * platforms,
    }
    connection.execute(update(totals).values({name: totals.c[name] + value for name, value in held.items()}))
