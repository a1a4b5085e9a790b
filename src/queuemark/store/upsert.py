"""INSERT that says what to do where the row is already there: the same words in both databases, two dialects here."""

from __future__ import annotations

__all__ = ["insert_or"]

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_or(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """To be ended by ``on_conflict_do_nothing`` or ``on_conflict_do_update``."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
