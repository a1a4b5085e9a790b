"""A database by its name, ready to be used: found or made, its tables at the newest revision."""

from __future__ import annotations

__all__ = ["opened"]

from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from queuemark.model.errors import UsageError
from queuemark.store.directory import DATABASE_NAME, data_directory, prepared
from queuemark.store.engine import sqlite_engine
from queuemark.store.explained import explained
from queuemark.store.postgres import postgres_engine, postgres_place
from queuemark.store.schema import migrate


def opened(database: str | None = None, directory: Path | None = None) -> tuple[Engine, str]:
    """The engine, and the database's place in messages to people.

    database: ``postgresql://USER@HOST/NAME`` or ``sqlite:///FILE``; None: the store in the directory, or in the
    data directory.

    Raises: UsageError for what names no database; QueuemarkError when it cannot be opened, saying what to do.
    """
    engine, where = _engine(database, directory)
    try:
        with explained("open the tables", where):
            migrate(engine, where)
    except BaseException:
        engine.dispose()
        raise
    return engine, where


def _engine(database: str | None, directory: Path | None) -> tuple[Engine, str]:
    if database is None:
        path = prepared(directory or data_directory()) / DATABASE_NAME
        return sqlite_engine(path), str(path)
    try:
        url = make_url(database)
    except ArgumentError:
        # What was written may hold a password, so it is not repeated.
        raise UsageError(f"the database's address cannot be read; {_EXAMPLES}") from None
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return postgres_engine(url), postgres_place(url)
    if url.drivername == "sqlite" and url.database:
        return sqlite_engine(Path(url.database)), url.database
    raise UsageError(f"no database is kept in {url.drivername}; {_EXAMPLES}")


_EXAMPLES = "write for example postgresql://queuemark@localhost/queuemark or sqlite:////var/lib/queuemark.sqlite3"
