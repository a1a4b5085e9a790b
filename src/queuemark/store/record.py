"""The record: what a site keeps and shows, the same over the local store and over a database for many.

1. A session that was accepted is durable, whole and counted when ``accept`` returns, or nothing of it is there.
2. The same session again is the same session; other content under its id is refused.
3. Who does not hold the token of a session learns nothing: to them it is as if there were none.
4. What was withdrawn is gone but for its id, which does not come back.
5. Any number of threads may use one record at once, and any number of processes one database.
"""

from __future__ import annotations

__all__ = ["Record"]

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

import msgspec
from sqlalchemy import Connection, Engine, Row, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from queuemark.model.details import Details
from queuemark.model.errors import Conflict, NotFound, UsageError, Withdrawn
from queuemark.model.session import SessionDocument
from queuemark.model.summary import SUMMARY_VERSION, CaseSummary
from queuemark.store import queries
from queuemark.store.acceptance import check_acceptable, summary_values
from queuemark.store.documents import document_of, estimated_of, insert_whole, state_of
from queuemark.store.engine import writing
from queuemark.store.explained import explained
from queuemark.store.facets import Facet, count, discount, mechanism_of
from queuemark.store.finding import owned_row, receipt_for, row_of
from queuemark.store.opening import opened
from queuemark.store.packing import pack
from queuemark.store.rows import (
    Best,
    CaseFilter,
    Choice,
    PlatformRow,
    Receipt,
    RecordCase,
    SessionFilter,
    SessionRow,
    Source,
    Totals,
)
from queuemark.store.tables import cases, details, sessions, tombstones, totals, trials, uhashes
from queuemark.store.tokens import fits, token_hash
from queuemark.store.upsert import insert_or

_AT_ONCE = 100
"""Sessions whose ids are read at once where all are gone through."""

_MECHANISMS_HIGH = 50
"""The most frequent ones are looked at; what few sessions have made up costs no page its time."""

_NEWEST = 50
"""Sessions of a platform that are looked at for its fastest cases."""

ANY = SessionFilter()


class Record:
    """All that a site keeps; a context manager that closes what it opened."""

    def __init__(self, engine: Engine, where: str) -> None:
        """engine: its tables are there. where: its place in messages to people."""
        self._where = where
        self._reading = engine
        self._writing = writing(engine)
        # Threads of one process queue up here, in turn; the database would have them try again until one is lucky.
        self._one_writer = Lock()

    @classmethod
    def open(cls, database: str | None = None, directory: Path | None = None) -> Self:
        """See ``opened``.

        Raises: UsageError, QueuemarkError.
        """
        return cls(*opened(database, directory))

    def close(self) -> None:
        self._reading.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def accept(
        self,
        document: SessionDocument,
        *,
        source: Source,
        token: str,
        disputed: Sequence[str],
        summaries: Sequence[CaseSummary],
        details: Details | None = None,
        uhash: str | None = None,
    ) -> Receipt:
        """A session from outside; document: with estimates, which are kept for those who will look at it.

        disputed: why it cannot be, if it cannot. uhash: as the original program names a batch.

        Raises: UsageError for what cannot be kept; Conflict when the id or the uhash is of another one; Withdrawn.
        """
        session = document.session
        check_acceptable(document, summaries)
        packed = pack(document)
        digest = packed.digest
        said = {
            "source": source,
            "digest": digest,
            "token_hash": token_hash(token),
            "disputed": "\n".join(disputed) or None,
            "received_at": _now(),
            "summary_version": SUMMARY_VERSION,
        }
        rows = summary_values(summaries, disputed=bool(disputed))
        with explained(f"accept session {session.id}", self._where):
            try:
                with self._write() as connection:
                    known = receipt_for(connection, session.id, digest, token)
                    if known is not None:
                        return known
                    if uhash is not None:
                        connection.execute(insert(uhashes), {"uhash": uhash, "session_id": session.id})
                    row = insert_whole(connection, document, packed, rows, **said)
                    if details is not None:
                        _put_details(connection, session.id, details)
                    count(connection, row, summaries)
            except IntegrityError as error:
                return self._beaten(error, session.id, digest, token)
        return Receipt(session_id=session.id, created=True, owned=True)

    def _beaten(self, error: IntegrityError, session_id: str, digest: str, token: str) -> Receipt:
        """What another writer, a moment earlier or long ago, leaves to say."""
        with self._read() as connection:
            known = receipt_for(connection, session_id, digest, token)
        if known is None:
            raise Conflict("a batch of this uhash is already in the record; each is taken once") from error
        return known

    def is_owner(self, session_id: str, token: str) -> bool:
        with explained(f"look for session {session_id}", self._where), self._read() as connection:
            kept = select(sessions.c.token_hash).where(sessions.c.id == session_id)
            return fits(token, connection.execute(kept).scalar_one_or_none())

    def edit(self, session_id: str, token: str, details: Details) -> None:
        """Raises: NotFound where there is no such session, or the token is not its; Withdrawn."""
        with explained(f"change session {session_id}", self._where), self._write() as connection:
            owned_row(connection, session_id, token)
            _put_details(connection, session_id, details)

    def withdraw(self, session_id: str, token: str) -> None:
        """Raises: as ``edit``."""
        with explained(f"withdraw session {session_id}", self._where), self._write() as connection:
            _bury(connection, owned_row(connection, session_id, token))

    def take_down(self, session_id: str) -> None:
        """For whoever runs the site, and holds no token.

        Raises: NotFound, Withdrawn; UsageError for a session that is still being measured.
        """
        with explained(f"withdraw session {session_id}", self._where), self._write() as connection:
            row = row_of(connection, session_id, to_change=True)
            if state_of(row) == "running":
                raise UsageError(f"session {session_id} is still being measured; withdraw it when that has ended")
            _bury(connection, row)

    def details(self, session_id: str) -> Details | None:
        """Raises: NotFound, Withdrawn."""
        query = select(*(details.c[name] for name in Details.__struct_fields__)).where(
            details.c.session_id == session_id
        )
        with explained(f"read session {session_id}", self._where), self._read() as connection:
            row_of(connection, session_id)
            row = connection.execute(query).one_or_none()
            return None if row is None else Details(**row._mapping)

    def session_row(self, session_id: str) -> SessionRow:
        """Raises: NotFound, Withdrawn."""
        with explained(f"read session {session_id}", self._where), self._read() as connection:
            row = connection.execute(queries.one_session(session_id)).one_or_none()
            return queries.session_row(row if row is not None else row_of(connection, session_id))

    def document(self, session_id: str) -> SessionDocument:
        """With what derives from each trial's counts.

        Raises: NotFound, Withdrawn.
        """
        with explained(f"read session {session_id}", self._where), self._read() as connection:
            return document_of(connection, row_of(connection, session_id))

    def estimated(self, session_id: str, *, latencies: bool) -> SessionDocument | None:
        """The document with the estimates that it came with; None where none of this version are kept.

        latencies: with the histograms of its trials; else they have none, but for percentiles.

        Raises: NotFound, Withdrawn.
        """
        with explained(f"read session {session_id}", self._where), self._read() as connection:
            return estimated_of(connection, row_of(connection, session_id), latencies=latencies)

    def recent(self, limit: int, before: int | None = None, wanted: SessionFilter = ANY) -> list[SessionRow]:
        """The newest first; before: the number of the last one on the page before."""
        facets = queries.wanted_facets(wanted)
        with explained("list the sessions", self._where), self._read() as connection:
            known = connection.execute(queries.known_facets(facets)).all() if facets else []
            if len(known) < len(facets):
                return []
            ids = [facet.id for facet in sorted(known, key=lambda facet: facet.sessions)]
            return [queries.session_row(row) for row in connection.execute(queries.session_page(limit, before, ids))]

    def platforms(self, limit: int, after: str | None = None, wanted: SessionFilter = ANY) -> list[PlatformRow]:
        """By system, release and processor, those that ``wanted`` may name; after: the id of the last one before."""
        with explained("list the platforms", self._where), self._read() as connection:
            behind = None if after is None else connection.execute(queries.one_platform(after)).one_or_none()
            page = connection.execute(queries.platform_page(limit, behind, wanted))
            return [queries.platform_row(row) for row in page]

    def platform(self, platform_id: str) -> PlatformRow:
        """Raises: NotFound."""
        with explained(f"read platform {platform_id}", self._where), self._read() as connection:
            row = connection.execute(queries.one_platform(platform_id)).one_or_none()
            if row is None:
                raise NotFound(f"the record has no platform {platform_id}")
            return queries.platform_row(row)

    def best(self, limit: int) -> list[Best]:
        """Of each transport and runtime the case that comes nearest to its machine's limit, the nearest first."""
        with explained("look for the best", self._where), self._read() as connection:
            known = connection.execute(queries.choices("mechanism", _MECHANISMS_HIGH)).all()
            mechanisms = [mechanism_of(row.value) for row in known]
            rows = [connection.execute(queries.best_case(*mechanism)).one_or_none() for mechanism in mechanisms]
        found = [queries.record_case(row) for row in rows if row is not None]
        found.sort(key=lambda case: case.summary.limit_share or 0.0, reverse=True)
        return [
            Best(transport=case.summary.transport, runtime=case.summary.runtime, case=case) for case in found[:limit]
        ]

    def cases(self, wanted: CaseFilter, limit: int) -> list[RecordCase]:
        """Of each transport the fastest, at most ``limit`` of each; the fastest of all first.

        Only those that may stand among the best: proved, below their limit, of a session that is not disputed. Of a
        platform its newest sessions are looked at.
        """
        with explained("look for cases", self._where), self._read() as connection:
            of_platform = wanted.platform_id is not None
            rows = _on_platform(connection, wanted) if of_platform else _on_any(connection, wanted, limit)
        found = sorted(map(queries.record_case, rows), key=lambda case: case.summary.median_per_s or 0.0, reverse=True)
        taken: Counter[str] = Counter()
        kept = []
        for case in found:
            taken[case.summary.transport] += 1
            if taken[case.summary.transport] <= limit:
                kept.append(case)
        return kept

    def choices(self, kind: str, limit: int = 200) -> list[Choice]:
        """What there is of a kind of facet, see facets.py; the most frequent first."""
        with explained(f"list what there is of {kind}", self._where), self._read() as connection:
            rows = connection.execute(queries.choices(kind, limit))
            return [Choice(value=row.value, sessions=row.sessions) for row in rows]

    def totals(self) -> Totals:
        with explained("read the totals", self._where), self._read() as connection:
            row = connection.execute(select(totals)).one()
            return Totals(sessions=row.sessions, cases=row.cases, trials=row.trials, platforms=row.platforms)

    def unsummarised(self, limit: int) -> list[str]:
        """Ids of sessions that have ended and whose cases have no summary, or one of an earlier version."""
        query = select(sessions).where(sessions.c.summary_version < SUMMARY_VERSION).limit(limit)
        with explained("look for sessions to summarise", self._where), self._read() as connection:
            return [row.id for row in connection.execute(query) if state_of(row) != "running"]

    def summarise(self, session_id: str, summaries: Sequence[CaseSummary]) -> None:
        """Each case of the session can be found by these from now on, and the session is counted.

        Raises: NotFound, Withdrawn.
        """
        with explained(f"summarise session {session_id}", self._where), self._write() as connection:
            row = row_of(connection, session_id, to_change=True)
            if row.counted:
                discount(connection, row)
            _update_cases(connection, row, summaries)
            change = update(sessions).where(sessions.c.number == row.number)
            connection.execute(change.values(summary_version=SUMMARY_VERSION, **_trial_counts(connection, row)))
            count(connection, row_of(connection, session_id), summaries)

    def dump(self) -> Iterator[SessionDocument]:
        """Every session that has ended, in the order of arrival; one that comes or goes meanwhile may be left out."""
        after = 0
        while page := self._numbers(after):
            for number, session_id in page:
                with suppress(NotFound, Withdrawn):
                    document = self.document(session_id)
                    if document.session.state != "running":
                        yield document
                after = number

    def _numbers(self, after: int) -> list[tuple[int, str]]:
        query = select(sessions.c.number, sessions.c.id).where(sessions.c.number > after)
        with explained("list the sessions", self._where), self._read() as connection:
            page = connection.execute(query.order_by(sessions.c.number).limit(_AT_ONCE))
            return [(row.number, row.id) for row in page]

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._reading.begin() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._one_writer, self._writing.begin() as connection:
            yield connection


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _on_any(connection: Connection, wanted: CaseFilter, limit: int) -> Sequence[Row[Any]]:
    known = connection.execute(queries.choices("transport", _MECHANISMS_HIGH)).all()
    transports = [row.value for row in known] if wanted.transport is None else [wanted.transport]
    return [
        row for transport in transports for row in connection.execute(queries.fastest_cases(transport, wanted, limit))
    ]


def _on_platform(connection: Connection, wanted: CaseFilter) -> Sequence[Row[Any]]:
    known = connection.execute(queries.known_facets([Facet("platform", wanted.platform_id or "")])).one_or_none()
    return [] if known is None else connection.execute(queries.newest_cases(wanted, known.id, _NEWEST)).all()


def _bury(connection: Connection, row: Row[Any]) -> None:
    """Nothing is left of it but a tombstone; nobody's token fits that of what was measured here."""
    if row.counted:
        discount(connection, row)
    left = {"session_id": row.id, "withdrawn_at": _now(), "token_hash": row.token_hash or ""}
    connection.execute(insert(tombstones), left)
    connection.execute(delete(sessions).where(sessions.c.number == row.number))


def _put_details(connection: Connection, session_id: str, said: Details) -> None:
    values = {**msgspec.structs.asdict(said), "changed_at": _now()}
    put = insert_or(connection, details).values(session_id=session_id, **values)
    connection.execute(put.on_conflict_do_update(index_elements=["session_id"], set_=values))


def _update_cases(connection: Connection, row: Row[Any], summaries: Sequence[CaseSummary]) -> None:
    if not summaries:
        return
    changed = update(cases).where(cases.c.session_id == row.id, cases.c.key == bindparam("of_key"))
    values = summary_values(summaries, disputed=row.disputed is not None)
    connection.execute(changed, [{"of_key": value.pop("key"), **value} for value in values])


def _trial_counts(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    """Of a session whose trials are rows, how many they are; of a packed one that is known."""
    if row.trials is not None:
        return {}
    query = select(trials.c.state, func.count().label("of_state")).where(trials.c.session_id == row.id)
    counts = {each.state: each.of_state for each in connection.execute(query.group_by(trials.c.state))}
    return {"trials": sum(counts.values()), "counts": counts}
