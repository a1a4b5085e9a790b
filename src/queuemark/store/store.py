"""Sessions kept for good: each finished trial is on the disk before the next begins.

1. What ``add_trial`` returned from survives the end of this process and of the machine.
2. A repeat of a case is stored once; storing it again is refused and changes nothing.
3. A document comes back as it went in; what derives from its counts is computed on the way out.
4. A session whose process died is presented as interrupted.
5. Importing a session that is already here changes nothing.
6. The plan of a session grows at its end, or not at all.
"""

from __future__ import annotations

__all__ = ["SessionSummary", "Store"]

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from sqlalchemy import Connection, Engine, Row, func, insert, select, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from queuemark.model.errors import QueuemarkError, UsageError
from queuemark.model.plan import Case, Plan, case_key, planned_trials
from queuemark.model.session import Session, SessionDocument, SessionState
from queuemark.model.trial import Trial
from queuemark.store import holder
from queuemark.store.directory import existing_database
from queuemark.store.documents import (
    case_values,
    check_whole,
    document_of,
    insert_session,
    insert_whole,
    put_in_rows,
    session_of,
    state_of,
    trial_values,
)
from queuemark.store.engine import frozen_engine, is_unwritable, lies_still, writing
from queuemark.store.explained import explained
from queuemark.store.facets import discount
from queuemark.store.opening import opened
from queuemark.store.packing import pack
from queuemark.store.schema import is_newest
from queuemark.store.tables import cases, documents, sessions, trials

_NOTHING = "no session is stored in {where} yet; measure with: queuemark run"


class SessionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One stored session at a glance. trials: how many of its trials ended in each state."""

    id: str
    created_at: str
    state: SessionState
    command: str
    cases: int
    planned_trials: int
    trials: dict[str, int]


class Store:
    """Stored sessions; a context manager that closes what it opened."""

    def __init__(self, engine: Engine, where: str) -> None:
        """engine: any that SQLAlchemy knows; where: its place in messages to people."""
        self._where = where
        self._reading = engine
        self._writing = writing(engine)

    @classmethod
    def open(cls, directory: Path | None = None) -> Self:
        """The store in a directory (default: the data directory), created or migrated when needed.

        Raises: QueuemarkError when that cannot be done, saying what to do.
        """
        return cls(*opened(directory=directory))

    @classmethod
    def open_to_read(cls, directory: Path | None = None) -> Self:
        """As ``open``; where nothing can be written, on a full disk say, a database that lies still is read as it is.

        Raises: QueuemarkError when it is being written, or cannot be read.
        """
        try:
            return cls.open(directory)
        except QueuemarkError as error:
            path = existing_database(directory)
            if path is None or not (is_unwritable(error.__cause__) and lies_still(path)):
                raise
            frozen = frozen_engine(path)
            if not _is_readable(frozen):
                frozen.dispose()
                raise
        return cls(frozen, str(path))

    def close(self) -> None:
        self._reading.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def begin(self, session: Session) -> None:
        """Stores a new session and all cases of its plan, held by this process until ``finish``.

        Raises: QueuemarkError when a session of that id is already here.
        """
        with explained(f"begin session {session.id}", self._where), self._writing.begin() as connection:
            if _row(connection, session.id) is not None:
                raise QueuemarkError(f"session {session.id} is already stored in {self._where}; nothing was changed")
            row = insert_session(connection, session, source="measured", holder=holder.this_process())
            connection.execute(insert(documents), {"session_id": session.id, "document": session})
            _insert_cases(connection, row, session.plan.cases)

    def add_trial(self, session_id: str, case: Case, trial: Trial) -> None:
        """One trial, durable on return.

        Raises: QueuemarkError when this repeat of the case is already here, or when the case is not of the session.
        """
        key = case_key(case)
        with explained(f"store repeat {trial.repeat} of case {key}", self._where):
            try:
                with self._writing.begin() as connection:
                    connection.execute(insert(trials), trial_values(session_id, key, trial))
            except IntegrityError as error:
                raise QueuemarkError(
                    f"cannot store repeat {trial.repeat} of case {key} in session {session_id}: it is already there, "
                    "or the case is not of that session; nothing was changed"
                ) from error

    def extend(self, session_id: str, plan: Plan) -> None:
        """The plan of a running session grows, durable on return.

        Raises: QueuemarkError when a case of it would be lost.
        """
        with explained(f"extend session {session_id}", self._where), self._writing.begin() as connection:
            row = self._known(connection, session_id)
            session = session_of(connection, row)
            known = session.plan.cases
            if plan.cases[: len(known)] != known:
                raise QueuemarkError(f"cannot extend session {session_id}: its cases would change; nothing was changed")
            session.plan = plan
            _rewrite(connection, session)
            change = update(sessions).where(sessions.c.id == session_id)
            connection.execute(change.values(cases=len(plan.cases), planned_trials=planned_trials(plan)))
            _insert_cases(connection, row, plan.cases[len(known) :], first=len(known))

    def keep_probes(self, session: Session) -> None:
        """The probes before and after the trials, and what messages cost there; durable on return."""
        with explained(f"store the probes of session {session.id}", self._where), self._writing.begin() as connection:
            stored = session_of(connection, self._known(connection, session.id))
            stored.costs = session.costs
            stored.probes_before, stored.probes_after = session.probes_before, session.probes_after
            _rewrite(connection, stored)

    def finish(self, session_id: str, state: SessionState) -> None:
        """The session is no longer held: it is complete, or interrupted and can be resumed."""
        with explained(f"finish session {session_id}", self._where), self._writing.begin() as connection:
            self._known(connection, session_id)
            self._set(connection, session_id, state, None)

    def reopen(self, session_id: str) -> None:
        """This process goes on with an interrupted session.

        Raises: UsageError when it is complete; QueuemarkError while another process runs it.
        """
        with explained(f"resume session {session_id}", self._where), self._writing.begin() as connection:
            row = self._known(connection, session_id)
            if row.state == "complete":
                raise UsageError(f"session {session_id} is complete: there is nothing to resume")
            if row.state == "running" and holder.alive(row.holder) and row.holder != holder.this_process():
                raise QueuemarkError(
                    f"session {session_id} is being run by process {holder.holder_pid(row.holder)}; wait for it to end"
                )
            if row.counted:
                discount(connection, row)
            put_in_rows(connection, row)
            change = update(sessions).where(sessions.c.id == session_id)
            connection.execute(change.values(summary_version=0, trials=None, counts=None))
            self._set(connection, session_id, "running", holder.this_process())

    def find(self, name: str = "last") -> Session:
        """A session by its id, a unique prefix of it, or ``last``: the newest that was measured here, if any was.

        Raises: UsageError when there is none or more than one, with what to do.
        """
        with explained(f"look for session {name}", self._where), self._reading.begin() as connection:
            return session_of(connection, self._named(connection, name))

    def document(self, session_id: str) -> SessionDocument:
        """The session with every case of its plan and what derives from each trial's counts.

        What names a person's files on this machine is left out.
        """
        with explained(f"read session {session_id}", self._where), self._reading.begin() as connection:
            return document_of(connection, self._known(connection, session_id))

    def done(self, session_id: str) -> frozenset[tuple[str, int]]:
        """(case key, repeat) of every trial that is stored."""
        query = select(trials.c.case_key, trials.c.repeat).where(trials.c.session_id == session_id)
        with explained(f"read session {session_id}", self._where), self._reading.begin() as connection:
            return frozenset((row.case_key, row.repeat) for row in connection.execute(query))

    def sessions(self) -> list[SessionSummary]:
        """All sessions, the newest first."""
        with explained("list the sessions", self._where), self._reading.begin() as connection:
            counts = _trial_counts(connection)
            rows = connection.execute(select(sessions).order_by(*_newest_first()))
            return [_summary(row, row.counts or counts.get(row.id, {})) for row in rows]

    def add_document(self, document: SessionDocument) -> bool:
        """A session from a file; False when a session of its id is already here, which stays as it is.

        Raises: UsageError when the document holds a repeat twice or no usable time.
        """
        session = document.session
        rows = [case_values(result.case, ordinal) for ordinal, result in enumerate(document.cases)]
        check_whole(document, [row["key"] for row in rows])
        packed = pack(document)
        with explained(f"import session {session.id}", self._where), self._writing.begin() as connection:
            if _row(connection, session.id) is not None:
                return False
            insert_whole(connection, document, packed, rows, source="measured")
        return True

    def _known(self, connection: Connection, session_id: str) -> Row[Any]:
        row = _row(connection, session_id)
        if row is None:
            raise UsageError(f"no session {session_id} is stored in {self._where}; see: queuemark show --sessions")
        return row

    def _named(self, connection: Connection, name: str) -> Row[Any]:
        # What somebody posted to a site that serves this store is newer than the session just measured, and not meant.
        order = (sessions.c.source != "measured",) if name == "last" else ()
        query = select(sessions).order_by(*order, *_newest_first())
        if name != "last":
            query = query.where(sessions.c.id.startswith(name.lower(), autoescape=True))
        rows = connection.execute(query.limit(1 if name == "last" else 4)).all()
        if len(rows) == 1:
            return rows[0]
        if name == "last" or connection.execute(select(func.count()).select_from(sessions)).scalar_one() == 0:
            raise UsageError(_NOTHING.format(where=self._where))
        if not rows:
            raise UsageError(f"no stored session has an id that begins with {name!r}; see: queuemark show --sessions")
        some = ", ".join(row.id[: len(name) + 6] for row in rows[:3])
        raise UsageError(
            f"{name!r} fits several sessions ({some}{', ...' if len(rows) > 3 else ''}); write more of the id"
        )

    @staticmethod
    def _set(connection: Connection, session_id: str, state: SessionState, held_by: str | None) -> None:
        change = update(sessions).where(sessions.c.id == session_id)
        connection.execute(change.values(state=state, holder=held_by))


def _is_readable(engine: Engine) -> bool:
    try:
        return is_newest(engine)
    except DatabaseError:
        return False


def _row(connection: Connection, session_id: str) -> Row[Any] | None:
    return connection.execute(select(sessions).where(sessions.c.id == session_id)).one_or_none()


def _rewrite(connection: Connection, session: Session) -> None:
    connection.execute(update(documents).where(documents.c.session_id == session.id).values(document=session))


def _newest_first() -> tuple[Any, ...]:
    return sessions.c.created_at.desc(), sessions.c.number.desc()


def _trial_counts(connection: Connection) -> dict[str, dict[str, int]]:
    query = select(trials.c.session_id, trials.c.state, func.count()).group_by(trials.c.session_id, trials.c.state)
    counts: dict[str, dict[str, int]] = {}
    for session_id, state, count in connection.execute(query):
        counts.setdefault(session_id, {})[state] = count
    return counts


def _summary(row: Row[Any], counts: dict[str, int]) -> SessionSummary:
    """counts: of the session's trials, by their state."""
    return SessionSummary(
        id=row.id,
        created_at=row.created_at,
        state=state_of(row),
        command=row.command,
        cases=row.cases,
        planned_trials=row.planned_trials,
        trials=counts,
    )


def _insert_cases(connection: Connection, row: Row[Any], planned: Iterable[Case], first: int = 0) -> None:
    """first: the place of the first of them in the plan."""
    shared = {"session_id": row.id, "platform_id": row.platform_id}
    rows = {
        values["key"]: {**values, **shared, "document": case}
        for ordinal, case in enumerate(planned, first)
        for values in [case_values(case, ordinal)]
    }
    if rows:
        connection.execute(insert(cases), list(rows.values()))
