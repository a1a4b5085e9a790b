"""The tables of a store, the same for the local file and for a site.

Documents are JSON, written and read through the structs of ``queuemark.model`` and holding only what
was counted; columns stand beside them for what is searched. The migrations make these tables, a test compares.
"""

from __future__ import annotations

__all__ = ["cases", "metadata", "sessions", "trials"]

from typing import Any

import msgspec
from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Integer, MetaData, String, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from queuemark.model.plan import Case
from queuemark.model.session import Session
from queuemark.model.trial import Trial


class Document(TypeDecorator[Any]):
    """A struct, kept as JSON text."""

    impl = Text
    cache_ok = True

    def __init__(self, struct: type[msgspec.Struct]) -> None:
        super().__init__()
        self.struct = struct

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else msgspec.json.decode(value, type=self.struct)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# number is the order of arrival. state is authoritative; the one inside the document is as it was at the beginning.
# holder names the process that runs the session (see holder.py), null when none does.
sessions = Table(
    "sessions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("created_at", String(27), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("holder", String(128)),
    Column("schema", Integer, nullable=False),
    Column("document", Document(Session), nullable=False),
)

# ordinal is the case's place in its session's plan.
cases = Table(
    "cases",
    metadata,
    Column("session_id", String(32), ForeignKey(sessions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("key", String(16), primary_key=True, index=True),
    Column("ordinal", Integer, nullable=False),
    Column("transport", String(64), nullable=False),
    Column("runtime", String(64), nullable=False),
    Column("document", Document(Case), nullable=False),
)

trials = Table(
    "trials",
    metadata,
    Column("session_id", String(32), primary_key=True),
    Column("case_key", String(16), primary_key=True),
    Column("repeat", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("document", Document(Trial), nullable=False),
    ForeignKeyConstraint(["session_id", "case_key"], [cases.c.session_id, cases.c.key], ondelete="CASCADE"),
)
