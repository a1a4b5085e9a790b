"""A session's row, or the reason why there is none for whoever asks."""

from __future__ import annotations

__all__ = ["owned_row", "receipt_for", "row_of"]

from typing import Any

from sqlalchemy import Connection, Row, select

from queuemark.model.errors import Conflict, NotFound, Withdrawn
from queuemark.store.rows import Receipt
from queuemark.store.tables import sessions, tombstones
from queuemark.store.tokens import fits


def receipt_for(connection: Connection, session_id: str, digest: str, token: str) -> Receipt | None:
    """The receipt for a session that is here already; None when it is not.

    Raises: Conflict when something else is here under its id; Withdrawn.
    """
    row = _find(connection, session_id)
    if row is None:
        return None
    if row.digest != digest:
        raise Conflict(f"the record has another session under the id {session_id}; nothing was changed")
    return Receipt(session_id=session_id, created=False, owned=fits(token, row.token_hash))


def _find(connection: Connection, session_id: str, *, to_change: bool = False) -> Row[Any] | None:
    """to_change: whoever else is about to change it is waited for, and waits.

    Raises: Withdrawn.
    """
    query = select(sessions).where(sessions.c.id == session_id)
    row = connection.execute(query.with_for_update() if to_change else query).one_or_none()
    if row is None:
        left = connection.execute(select(tombstones).where(tombstones.c.session_id == session_id)).one_or_none()
        if left is not None:
            raise Withdrawn(session_id, left.withdrawn_at)
    return row


def row_of(connection: Connection, session_id: str, *, to_change: bool = False) -> Row[Any]:
    """Raises: NotFound, Withdrawn."""
    row = _find(connection, session_id, to_change=to_change)
    if row is None:
        raise _not_found(session_id)
    return row


def owned_row(connection: Connection, session_id: str, token: str) -> Row[Any]:
    """Raises: NotFound, also for who does not own it; Withdrawn."""
    row = row_of(connection, session_id, to_change=True)
    if not fits(token, row.token_hash):
        raise _not_found(session_id)
    return row


def _not_found(session_id: str) -> NotFound:
    return NotFound(f"the record has no session {session_id}, or it is not yours to change")
