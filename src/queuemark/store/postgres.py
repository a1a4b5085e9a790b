"""Opens a record in PostgreSQL, for a site that many write to.

1. What is committed is on the server's disk, unless the server is told otherwise.
2. Writers do not wait for each other but at the rows that they share.
3. Two processes that open an old database at once migrate it once.
"""

from __future__ import annotations

__all__ = ["postgres_engine", "postgres_place"]

from importlib import import_module

from sqlalchemy import URL, Connection, Engine, create_engine, event, text

from queuemark.model.errors import UsageError

CONNECT_TIMEOUT_S = 10

_CONNECTIONS_HIGH = 20
"""Of a process; a server takes 100 in all unless it is told otherwise."""

_MIGRATING = 0x71756D6B
"""The advisory lock of whoever migrates: the letters qumk, which nobody else is likely to take."""


def postgres_engine(url: URL) -> Engine:
    """Raises: UsageError without the driver, which is an extra."""
    try:
        import_module("psycopg")
    except ImportError:
        raise UsageError(
            "a PostgreSQL database needs its driver; install it: pip install 'queuemark[postgres]'"
        ) from None
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S},
        pool_size=_CONNECTIONS_HIGH,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin)
    return engine


def postgres_place(url: URL) -> str:
    """For messages: neither user nor password, nor anything else that the address may hold."""
    host = url.host or url.query.get("host") or "localhost"
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{host}{port}/{url.database or ''}"


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("restructures", False):
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
