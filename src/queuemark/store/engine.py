"""Opens the embedded database so that a commit survives a power cut and readers never wait for writers."""

from __future__ import annotations

__all__ = [
    "BUSY_TIMEOUT_S",
    "frozen_engine",
    "is_unwritable",
    "lies_still",
    "restructuring",
    "sqlite_engine",
    "writing",
]

from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError

BUSY_TIMEOUT_S = 10

_UNWRITABLE = ("full", "disk i/o", "readonly", "unable to open")


def sqlite_engine(path: Path) -> Engine:
    """An engine on one SQLite file, in write-ahead mode, each commit synced to the disk."""
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def frozen_engine(path: Path) -> Engine:
    """An engine that reads one SQLite file as it lies there, writing nothing and locking nothing.

    Only for a file that ``lies_still``.
    """
    url = URL.create("sqlite", database=f"file:{quote(str(path.absolute()))}", query={"immutable": "1", "uri": "true"})
    engine = create_engine(url)
    event.listen(engine, "connect", _leave_transactions)
    event.listen(engine, "begin", _begin)
    return engine


def lies_still(path: Path) -> bool:
    """Nobody writes the database, and all that was written is in the file: its write-ahead log is gone or empty."""
    log = path.with_name(f"{path.name}-wal")
    return not log.exists() or log.stat().st_size == 0


def is_unwritable(error: BaseException | None) -> bool:
    """Whether the database said that it cannot be written, which even reading needs in write-ahead mode."""
    return isinstance(error, DatabaseError) and any(word in str(error.orig).lower() for word in _UNWRITABLE)


def writing(engine: Engine) -> Engine:
    """The same engine, its transactions excluding other writers from their beginning."""
    return engine.execution_options(writes=True)


def restructuring(engine: Engine) -> Engine:
    """The same engine, its transactions those of writers to whom references mean nothing: tables may be made anew.

    To be disposed of afterwards, since the connection stays like that.
    """
    return engine.execution_options(writes=True, restructures=True)


def _leave_transactions(connection: Any, _record: object) -> None:
    # sqlite3's own implicit BEGIN would leave table definitions outside the transaction: _begin says it instead.
    connection.isolation_level = None


def _configure(connection: Any, record: object) -> None:
    _leave_transactions(connection, record)
    # What was withdrawn is overwritten, not only let go.
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later cannot wait for another writer: SQLite refuses it at once.
    asked = connection.get_execution_options()
    if asked.get("restructures", False):
        # A table that is dropped to be made anew would take along every row that refers to it. Only before a
        # transaction can that be said.
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    writes = asked.get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
