"""Many rows of one table at once, as the database's driver takes them.

SQLAlchemy looks at each value of each row, which takes longer than the database does.
"""

from __future__ import annotations

__all__ = ["insert_rows"]

from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Table, insert


def insert_rows(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """rows: at least one, all of the same two or more columns, whose values a driver knows: no documents."""
    text, order = _statement(connection.dialect, table, tuple(rows[0]))
    connection.exec_driver_sql(text, list(map(itemgetter(*order), rows)) if order else list(rows))


@lru_cache(maxsize=16)
def _statement(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """In the dialect's own words, and the columns in its order; empty where it goes by name."""
    compiled = insert(table).compile(dialect=dialect, column_keys=list(columns))
    return str(compiled), tuple(compiled.positiontup or ())
