"""The tables of a store, the same for the local file and for a site.

1. Documents are JSON, written and read through the structs of ``queuemark.model`` and holding only what was counted;
   columns stand beside them for what is searched.
2. A row that pages list is short: what is long stands in a table of its own.
3. What would have to be counted over a whole table is kept as a count (``facets``, ``totals``, ``platforms``).

The migrations make these tables, a test compares.
"""

from __future__ import annotations

__all__ = [
    "cases",
    "details",
    "documents",
    "facets",
    "listed",
    "metadata",
    "platforms",
    "sessions",
    "tombstones",
    "totals",
    "trials",
    "uhashes",
]

from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from queuemark.model.plan import Case
from queuemark.model.session import Session
from queuemark.model.trial import Trial


class Document(TypeDecorator[Any]):
    """A struct, or another type that msgspec knows, kept as JSON text."""

    impl = Text
    cache_ok = True

    def __init__(self, struct: Any) -> None:
        super().__init__()
        self.struct = struct

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else msgspec.json.decode(value, type=self.struct)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# id: see platform.py. sessions: how many the record has of it. What a machine does not say is empty, not null: a page
# goes on behind a row, and nothing comes behind null.
platforms = Table(
    "platforms",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("system", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("architecture", Text, nullable=False),
    Column("cpu_model", Text, nullable=False),
    Column("cpus", Integer, nullable=False),
    Column("first_seen", String(27), nullable=False),
    Column("sessions", Integer, nullable=False),
)

# One for each way to look for those that have any session; whatever they are looked for by, they come in one order.
_PRESENT = platforms.c.sessions > literal_column("0")
for _column, *_others in (
    ("system", "release", "cpu_model"),
    ("release", "system", "cpu_model"),
    ("cpu_model", "system", "release"),
):
    Index(
        f"ix_platforms_{_column}",
        platforms.c[_column],
        *(platforms.c[other] for other in _others),
        platforms.c.id,
        sqlite_where=_PRESENT,
        postgresql_where=_PRESENT,
    )

# number is the order of arrival. state is authoritative; the one inside the document is as it was at the beginning.
# holder names the process that runs the session (see holder.py), null when none does.
# received_at, digest, token_hash: of what came from outside; null for what was measured here.
# source: measured here, or which program's form it came in. disputed: why it cannot be, one reason a line.
# trials, counts: all of them and those in each state; null while trials are rows, until the session is summarised.
# summary_version: of its cases' summaries, 0 while there are none. counted: it is in the kept counts.
sessions = Table(
    "sessions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("created_at", String(27), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("holder", String(128)),
    Column("schema", Integer, nullable=False),
    Column("platform_id", String(16), nullable=False),
    Column("source", String(16), nullable=False),
    Column("received_at", String(27)),
    Column("digest", String(64)),
    Column("token_hash", String(64)),
    Column("disputed", Text),
    Column("command", Text, nullable=False),
    Column("cases", Integer, nullable=False),
    Column("planned_trials", Integer, nullable=False),
    Column("trials", Integer),
    Column("counts", Document(dict[str, int])),
    Column("summary_version", Integer, nullable=False, index=True),
    Column("counted", Boolean, nullable=False),
)

# What is long. document: of a session that was measured here, whose trials are rows. packed: of one that came in whole,
# everything but latencies (see packing.py). Exactly one of them is set.
documents = Table(
    "documents",
    metadata,
    Column("session_id", String(32), ForeignKey(sessions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("document", Document(Session)),
    Column("packed", LargeBinary),
    Column("latencies", LargeBinary),
)

details = Table(
    "details",
    metadata,
    Column("session_id", String(32), ForeignKey(sessions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("host_label", String(80), nullable=False),
    Column("processor", String(120), nullable=False),
    Column("cores", Integer),
    Column("notes", Text, nullable=False),
    Column("changed_at", String(27), nullable=False),
)

# ordinal is the case's place in its session's plan. document: null where the session is packed.
# From state to p99_ns: the case's summary, null while there is none; see model/summary.py.
# ranked: it may stand among the best: proved, with a rate, not beyond its limit, in a session that is not disputed.
# foremost: of those of its session with its transport and runtime, the one that comes nearest to its limit.
cases = Table(
    "cases",
    metadata,
    Column("session_id", String(32), ForeignKey(sessions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("key", String(16), primary_key=True),
    Column("ordinal", Integer, nullable=False),
    Column("transport", String(64), nullable=False),
    Column("runtime", String(64), nullable=False),
    Column("pattern", String(64), nullable=False),
    Column("policy", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("consumers", BigInteger, nullable=False),
    Column("offered_per_s", Float(53)),
    Column("platform_id", String(16), nullable=False),
    Column("state", String(16)),
    Column("trials", Integer),
    Column("median_per_s", Float(53)),
    Column("low_per_s", Float(53)),
    Column("high_per_s", Float(53)),
    Column("limit_share", Float(53)),
    Column("beyond", Boolean),
    Column("bound_by", Text),
    Column("p99_ns", BigInteger),
    Column("ranked", Boolean, nullable=False),
    Column("foremost", Boolean, nullable=False),
    Column("document", Document(Case)),
)

# An index over all sessions costs a page for each case that comes in, wherever its place is; so there is one, and the
# others have few cases of a session, or all of them side by side.
for _name, _flag, _columns in (
    ("ix_cases_workload", cases.c.ranked, ("size_bytes", "consumers", "pattern", "transport", "median_per_s")),
    ("ix_cases_session", cases.c.ranked, ("session_id", "size_bytes", "consumers", "pattern")),
    ("ix_cases_share", cases.c.foremost, ("transport", "runtime", "limit_share")),
):
    Index(
        _name,
        *(cases.c[column] for column in _columns),
        sqlite_where=_flag.is_(True),
        postgresql_where=_flag.is_(True),
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

# A value of one kind (see facets.py) and how many sessions have it.
facets = Table(
    "facets",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("value", Text, nullable=False),
    Column("sessions", Integer, nullable=False),
    UniqueConstraint("kind", "value"),
    Index(None, "kind", "sessions"),
)

# The sessions that have a value, by number, so that a filtered page reads no others. Without foreign keys: what points
# to a session would have to be found by number, too, and that index would be as large as the table.
listed = Table(
    "listed",
    metadata,
    Column("facet_id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# One row.
totals = Table(
    "totals",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sessions", BigInteger, nullable=False),
    Column("cases", BigInteger, nullable=False),
    Column("trials", BigInteger, nullable=False),
    Column("platforms", BigInteger, nullable=False),
)

# What the original program named its batches by; used once for ever, whatever becomes of the session.
uhashes = Table(
    "uhashes",
    metadata,
    Column("uhash", String(128), primary_key=True),
    Column("session_id", String(32), nullable=False),
)

# What is left of a session that was withdrawn: its id does not come back.
tombstones = Table(
    "tombstones",
    metadata,
    Column("session_id", String(32), primary_key=True),
    Column("withdrawn_at", String(27), nullable=False),
    Column("token_hash", String(64), nullable=False),
)
