"""Opens the embedded database so that a commit survives a power cut and readers never wait for writers."""

from __future__ import annotations

__all__ = ["BUSY_TIMEOUT_S", "explained", "sqlite_engine", "writing"]

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError

from queuemark.model.errors import QueuemarkError

BUSY_TIMEOUT_S = 10

_ANOTHER = "set QUEUEMARK_DATA_DIR to another directory"
_REMEDIES = (
    ("full", f"free some space or {_ANOTHER}"),
    ("disk i/o", f"check the disk and its free space, or {_ANOTHER}"),
    ("readonly", f"make the file and its directory writable or {_ANOTHER}"),
    ("unable to open", f"make the file and its directory writable or {_ANOTHER}"),
    ("locked", "another process holds it; wait for it to end and try again"),
    ("not a database", f"move the file away or {_ANOTHER}"),
    ("malformed", f"move the file away or {_ANOTHER}"),
)


def sqlite_engine(path: Path) -> Engine:
    """An engine on one SQLite file, in write-ahead mode, each commit synced to the disk."""
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def writing(engine: Engine) -> Engine:
    """The same engine, its transactions excluding other writers from their beginning."""
    return engine.execution_options(writes=True)


def _configure(connection: Any, _record: object) -> None:
    # sqlite3's own implicit BEGIN would leave table definitions outside the transaction: _begin says it instead.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later cannot wait for another writer: SQLite refuses it at once.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def explained(tried: str, where: str) -> Iterator[None]:
    """Turns what the database answers into one line: what was tried, where, the system's words and the remedy."""
    try:
        yield
    except DatabaseError as error:
        said = " ".join(str(error.orig).split())
        remedy = next((remedy for word, remedy in _REMEDIES if word in said.lower()), f"check the file or {_ANOTHER}")
        raise QueuemarkError(f"cannot {tried} in the database {where}: {said}; {remedy}") from error
