"""Whole sessions: of one that was measured here every trial is a row, one that came in whole is packed.

Whoever reads a session need not know which it is.
"""

from __future__ import annotations

__all__ = [
    "case_values",
    "check_whole",
    "document_of",
    "estimated_of",
    "insert_session",
    "insert_whole",
    "put_in_rows",
    "session_of",
    "state_of",
    "trial_values",
]

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select, update

from queuemark.model.errors import UsageError
from queuemark.model.plan import Case, case_key, planned_trials
from queuemark.model.session import SCHEMA, CaseResult, Session, SessionDocument, SessionState
from queuemark.model.trial import Trial, figures, stored_trial
from queuemark.store import holder
from queuemark.store.bulk import insert_rows
from queuemark.store.instant import sortable
from queuemark.store.packing import Packed, estimated, session_in, unpack
from queuemark.store.platform import seen
from queuemark.store.tables import cases, documents, sessions, trials

_CASES_HIGH = 10_000
_TRIALS_HIGH = 1_000_000
"""The largest preset has some hundred cases and some thousand trials."""


def state_of(row: Row[Any]) -> SessionState:
    """A session whose process died is interrupted, whatever is stored; row: of the table of sessions."""
    state: SessionState = row.state
    return "interrupted" if state == "running" and not holder.alive(row.holder) else state


def session_of(connection: Connection, row: Row[Any]) -> Session:
    held = _held(connection, row.id)
    session: Session = held.document if held.packed is None else session_in(held.packed)
    session.state = state_of(row)
    return session


def document_of(connection: Connection, row: Row[Any]) -> SessionDocument:
    """With every case and what derives from each trial's counts, without what names a person's files."""
    held = _held(connection, row.id)
    document = (
        _from_rows(connection, held.document) if held.packed is None else unpack(Packed(held.packed, held.latencies))
    )
    document.session.state = state_of(row)
    return document


def estimated_of(connection: Connection, row: Row[Any], *, latencies: bool) -> SessionDocument | None:
    """With the estimates that it came with; None where none of this version are kept."""
    columns = [documents.c.packed, *([documents.c.latencies] if latencies else [])]
    held = connection.execute(select(*columns).where(documents.c.session_id == row.id)).one()
    return None if held.packed is None else estimated(*held)


def _held(connection: Connection, session_id: str) -> Row[Any]:
    return connection.execute(select(documents).where(documents.c.session_id == session_id)).one()


def _from_rows(connection: Connection, session: Session) -> SessionDocument:
    of_session = select(cases.c.key, cases.c.document).where(cases.c.session_id == session.id)
    results = {
        row.key: CaseResult(case=row.document, trials=[])
        for row in connection.execute(of_session.order_by(cases.c.ordinal))
    }
    counted = select(trials.c.case_key, trials.c.document).where(trials.c.session_id == session.id)
    for row in connection.execute(counted.order_by(trials.c.repeat)):
        result = results[row.case_key]
        result.trials.append(figures(row.document, result.case.workload))
    session.plan = msgspec.structs.replace(session.plan, messages_path=None)
    return SessionDocument(schema=SCHEMA, session=session, cases=list(results.values()))


def insert_session(connection: Connection, session: Session, **columns: Any) -> Row[Any]:
    """The row, without what is long; columns: what the session itself does not say."""
    created_at = sortable(session.created_at)
    values = {
        "id": session.id,
        "created_at": created_at,
        "state": session.state,
        "schema": SCHEMA,
        "platform_id": seen(connection, session.machine, columns.get("received_at") or created_at),
        "command": session.plan.command,
        "cases": len(session.plan.cases),
        "planned_trials": planned_trials(session.plan),
        "summary_version": 0,
        "counted": False,
        **columns,
    }
    connection.execute(insert(sessions), values)
    return connection.execute(select(sessions).where(sessions.c.id == session.id)).one()


def insert_whole(
    connection: Connection, document: SessionDocument, packed: Packed, rows: Sequence[dict[str, Any]], **columns: Any
) -> Row[Any]:
    """A session in one piece; packed: the document. rows: of its cases, without session and platform."""
    counts = Counter(trial.state for result in document.cases for trial in result.trials)
    counted = {"cases": len(document.cases), "trials": counts.total(), "counts": dict(counts)}
    row = insert_session(connection, document.session, **{**counted, **columns})
    connection.execute(insert(documents), {"session_id": row.id, **packed._asdict()})
    if rows:
        shared = {"session_id": row.id, "platform_id": row.platform_id}
        insert_rows(connection, cases, [{**values, **shared} for values in rows])
    return row


def put_in_rows(connection: Connection, row: Row[Any]) -> None:
    """A packed session becomes one that can go on: its trials are rows from now on, and are no longer counted."""
    held = _held(connection, row.id)
    if held.packed is None:
        return
    document = unpack(Packed(held.packed, held.latencies))
    connection.execute(delete(cases).where(cases.c.session_id == row.id))
    shared = {"session_id": row.id, "platform_id": row.platform_id}
    every = (*(result.case for result in document.cases), *document.session.plan.cases)
    planned = {case_key(case): case for case in every}.values()
    inserted = [{**case_values(case, ordinal), **shared, "document": case} for ordinal, case in enumerate(planned)]
    if inserted:
        connection.execute(insert(cases), inserted)
    counted = [
        trial_values(row.id, case_key(result.case), stored_trial(trial))
        for result in document.cases
        for trial in result.trials
    ]
    if counted:
        connection.execute(insert(trials), counted)
    held_now = {"document": document.session, "packed": None, "latencies": None}
    connection.execute(update(documents).where(documents.c.session_id == row.id).values(held_now))


def case_values(case: Case, ordinal: int) -> dict[str, Any]:
    """A row of a case without a summary, and without what it shares with the others of its session."""
    load = case.workload
    return {
        "key": case_key(case),
        "ordinal": ordinal,
        "transport": case.transport,
        "runtime": case.runtime,
        "pattern": load.pattern,
        "policy": load.policy,
        "size_bytes": load.size_bytes,
        "consumers": load.consumers,
        "offered_per_s": load.rate_per_s,
        "ranked": False,
        "foremost": False,
    }


def trial_values(session_id: str, key: str, trial: Trial) -> dict[str, Any]:
    return {
        "session_id": session_id,
        "case_key": key,
        "repeat": trial.repeat,
        "position": trial.position,
        "state": trial.state,
        "document": trial,
    }


def check_whole(document: SessionDocument, keys: Sequence[str]) -> None:
    """keys: of the document's cases.

    Raises: UsageError when a case is there twice, or a repeat of one, or when there is more than anybody measures.
    """
    what = f"session {document.session.id}"
    if len(keys) > _CASES_HIGH or planned_trials(document.session.plan) > _TRIALS_HIGH:
        raise UsageError(f"{what} has more than {_CASES_HIGH:,} cases or plans more than {_TRIALS_HIGH:,} trials")
    key, times = next(iter(Counter(keys).most_common(1)), ("", 0))
    if times > 1:
        raise UsageError(f"{what} holds the case {key} twice; nothing was stored")
    for result, key in zip(document.cases, keys, strict=True):
        if len({trial.repeat for trial in result.trials}) < len(result.trials):
            raise UsageError(f"{what} holds the same repeat of the case {key} twice; nothing was stored")
