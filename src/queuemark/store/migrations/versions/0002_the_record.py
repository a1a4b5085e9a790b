"""What a site keeps: platforms, whole sessions packed, details, summaries of cases, kept counts.

What is long leaves the rows that pages list.
"""

import json
from typing import Any

import msgspec
import sqlalchemy as sa
import zstandard
from alembic import op

from queuemark.store.platform import platform_id

revision = "0002"
down_revision = "0001"

_PRESENT = sa.text("sessions > 0")


def upgrade() -> None:
    _make_tables()
    _make_counts()
    op.execute("INSERT INTO documents (session_id, document) SELECT id, document FROM sessions")
    _widen_sessions()
    _widen_cases()
    _fill_sessions()
    _fill_cases()


def downgrade() -> None:
    """A session that is packed becomes rows again; what the earlier version has no place for is lost."""
    with op.batch_alter_table("sessions") as table:
        table.add_column(sa.Column("document", sa.Text, nullable=False, server_default=""))
    _unpack()
    op.execute("UPDATE sessions SET document = (SELECT document FROM documents WHERE session_id = sessions.id)")
    for name in ("workload", "session", "share"):
        op.drop_index(f"ix_cases_{name}", "cases")
    op.drop_index("ix_sessions_summary_version", "sessions")
    with op.batch_alter_table("cases") as table:
        for column in _case_columns():
            table.drop_column(column.name)
        table.alter_column("document", existing_type=sa.Text, nullable=False)
    op.create_index("ix_cases_key", "cases", ["key"])
    with op.batch_alter_table("sessions") as table:
        for column in _session_columns():
            table.drop_column(column.name)
    for name in ("documents", "details", "platforms", "facets", "listed", "totals", "uhashes", "tombstones"):
        op.drop_table(name)


def _make_tables() -> None:
    op.create_table(
        "platforms",
        sa.Column("id", sa.String(16), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("system", "release", "version", "architecture")),
        sa.Column("cpu_model", sa.Text, nullable=False),
        sa.Column("cpus", sa.Integer, nullable=False),
        sa.Column("first_seen", sa.String(27), nullable=False),
        sa.Column("sessions", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_platforms"),
    )
    for first, *others in (
        ("system", "release", "cpu_model"),
        ("release", "system", "cpu_model"),
        ("cpu_model", "system", "release"),
    ):
        op.create_index(
            f"ix_platforms_{first}",
            "platforms",
            [first, *others, "id"],
            sqlite_where=_PRESENT,
            postgresql_where=_PRESENT,
        )
    op.create_table(
        "documents",
        sa.Column("session_id", sa.String(32), nullable=False),
        sa.Column("document", sa.Text),
        sa.Column("packed", sa.LargeBinary),
        sa.Column("latencies", sa.LargeBinary),
        sa.PrimaryKeyConstraint("session_id", name="pk_documents"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_documents_sessions", ondelete="CASCADE"),
    )
    op.create_table(
        "details",
        sa.Column("session_id", sa.String(32), nullable=False),
        sa.Column("host_label", sa.String(80), nullable=False),
        sa.Column("processor", sa.String(120), nullable=False),
        sa.Column("cores", sa.Integer),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("changed_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_details"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_details_sessions", ondelete="CASCADE"),
    )
    op.create_table(
        "uhashes",
        sa.Column("uhash", sa.String(128), nullable=False),
        sa.Column("session_id", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("uhash", name="pk_uhashes"),
    )
    op.create_table(
        "tombstones",
        sa.Column("session_id", sa.String(32), nullable=False),
        sa.Column("withdrawn_at", sa.String(27), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_tombstones"),
    )


def _make_counts() -> None:
    op.create_table(
        "facets",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("sessions", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_facets"),
        sa.UniqueConstraint("kind", "value", name="uq_facets_kind_value"),
    )
    op.create_index("ix_facets_kind_sessions", "facets", ["kind", "sessions"])
    op.create_table(
        "listed",
        sa.Column("facet_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("facet_id", "number", name="pk_listed"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "totals",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("sessions", "cases", "trials", "platforms")),
        sa.PrimaryKeyConstraint("id", name="pk_totals"),
    )

    op.execute("INSERT INTO totals (id, sessions, cases, trials, platforms) VALUES (1, 0, 0, 0, 0)")


def _session_columns() -> list[sa.Column[Any]]:
    """What must not be null has a value until it is filled."""
    return [
        sa.Column("platform_id", sa.String(16), nullable=False, server_default=""),
        sa.Column("source", sa.String(16), nullable=False, server_default="measured"),
        sa.Column("received_at", sa.String(27)),
        sa.Column("digest", sa.String(64)),
        sa.Column("token_hash", sa.String(64)),
        sa.Column("disputed", sa.Text),
        sa.Column("command", sa.Text, nullable=False, server_default=""),
        sa.Column("cases", sa.Integer, nullable=False, server_default="0"),
        sa.Column("planned_trials", sa.Integer, nullable=False, server_default="0"),
        sa.Column("trials", sa.Integer),
        sa.Column("counts", sa.Text),
        sa.Column("summary_version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("counted", sa.Boolean, nullable=False, server_default=sa.false()),
    ]


def _case_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("pattern", sa.String(64), nullable=False, server_default=""),
        sa.Column("policy", sa.String(64), nullable=False, server_default=""),
        sa.Column("size_bytes", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("consumers", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("offered_per_s", sa.Float(53)),
        sa.Column("platform_id", sa.String(16), nullable=False, server_default=""),
        sa.Column("state", sa.String(16)),
        sa.Column("trials", sa.Integer),
        *(sa.Column(f"{name}_per_s", sa.Float(53)) for name in ("median", "low", "high")),
        sa.Column("limit_share", sa.Float(53)),
        sa.Column("beyond", sa.Boolean),
        sa.Column("bound_by", sa.Text),
        sa.Column("p99_ns", sa.BigInteger),
        sa.Column("ranked", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("foremost", sa.Boolean, nullable=False, server_default=sa.false()),
    ]


def _widen_sessions() -> None:
    with op.batch_alter_table("sessions") as table:
        table.drop_column("document")
        for column in _session_columns():
            table.add_column(column)
    op.create_index("ix_sessions_summary_version", "sessions", ["summary_version"])


def _widen_cases() -> None:
    op.drop_index("ix_cases_key", "cases")
    with op.batch_alter_table("cases") as table:
        table.alter_column("document", existing_type=sa.Text, nullable=True)
        for column in _case_columns():
            table.add_column(column)
    for name, flag, columns in (
        ("workload", "ranked", ["size_bytes", "consumers", "pattern", "transport", "median_per_s"]),
        ("session", "ranked", ["session_id", "size_bytes", "consumers", "pattern"]),
        ("share", "foremost", ["transport", "runtime", "limit_share"]),
    ):
        flagged = sa.text(f"{flag} IS true" if op.get_bind().dialect.name == "postgresql" else f"{flag} IS 1")
        op.create_index(f"ix_cases_{name}", "cases", columns, sqlite_where=flagged, postgresql_where=flagged)


_SESSIONS = sa.text("SELECT s.id, s.created_at, d.document FROM sessions s JOIN documents d ON d.session_id = s.id")
_PLATFORM = sa.text(
    "INSERT INTO platforms (id, system, release, version, architecture, cpu_model, cpus, first_seen, sessions) "
    "VALUES (:id, :system, :release, :version, :architecture, :cpu_model, :cpus, :first_seen, 0) "
    "ON CONFLICT (id) DO NOTHING"
)
_SESSION = sa.text(
    "UPDATE sessions SET platform_id = :platform_id, command = :command, cases = :cases, planned_trials = :planned "
    "WHERE id = :id"
)


def _fill_sessions() -> None:
    connection = op.get_bind()
    for row in connection.execute(_SESSIONS).all():
        session = json.loads(row.document)
        facts = _facts(session["machine"])
        platform = platform_id(facts)
        connection.execute(_PLATFORM, {"id": platform, **facts, "first_seen": row.created_at})
        plan = session["plan"]
        filled = {"platform_id": platform, "command": plan.get("command", ""), "cases": len(plan["cases"])}
        connection.execute(_SESSION, {"id": row.id, **filled, "planned": _planned(plan)})


def _facts(machine: dict[str, Any]) -> dict[str, Any]:
    said = {name: machine.get(name) or "" for name in ("system", "release", "version", "architecture", "cpu_model")}
    return {**said, "cpus": len(machine["cpus"])}


def _planned(plan: dict[str, Any]) -> int:
    """How many trials."""
    if not plan.get("stages"):
        return len(plan["cases"]) * int(plan.get("repeats", 5))
    repeats: dict[int, int] = {}
    for stage in plan["stages"]:
        for place in stage["cases"]:
            repeats[place] = max(stage["repeats"], repeats.get(place, 0))
    return sum(repeats.values())


_CASE = sa.text(
    "UPDATE cases SET pattern = :pattern, policy = :policy, size_bytes = :size_bytes, consumers = :consumers, "
    "offered_per_s = :offered_per_s, platform_id = (SELECT platform_id FROM sessions WHERE id = :session_id) "
    "WHERE session_id = :session_id AND key = :key"
)


def _fill_cases() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.text("SELECT session_id, key, document FROM cases")).all():
        load = json.loads(row.document)["workload"]
        filled = {
            "pattern": load.get("pattern", "share"),
            "policy": load.get("policy", "each"),
            "size_bytes": load["size_bytes"],
            "consumers": load["consumers"],
            "offered_per_s": load.get("rate_per_s"),
        }
        connection.execute(_CASE, {"session_id": row.session_id, "key": row.key, **filled})


_PACKED = sa.text("SELECT session_id, packed, latencies FROM documents WHERE packed IS NOT NULL")
# What a row of a trial holds; the rest derives from it.
_TRIAL_FIELDS = (
    *("state", "reason", "remedy", "seed", "sent", "delivered", "lost", "duplicated", "reordered", "corrupted"),
    *("checked", "calls", "cpu_ns", "switches_voluntary", "switches_involuntary", "bytes_on_wire", "message_bytes"),
    *("window_ns", "send_window_ns", "outside_ns", "peak_memory_bytes", "oversubscribed", "injected", "granted"),
    *("producer", "consumers", "latency", "progress", "round_trips", "counters", "proved"),
    *("repeat", "position", "run_id", "started_at", "steal_ns", "conditions"),
)
_KEYS = sa.text("SELECT key FROM cases WHERE session_id = :session_id ORDER BY ordinal")
_TRIAL = sa.text(
    'INSERT INTO trials (session_id, case_key, "repeat", "position", state, document) '
    "VALUES (:session_id, :case_key, :repeat, :position, :state, :document)"
)


def _unpack() -> None:
    connection = op.get_bind()
    for row in connection.execute(_PACKED).all():
        held, latencies = _inflated(row.packed)["document"], _inflated(row.latencies)
        named = {"session_id": row.session_id}
        keys = connection.execute(_KEYS, named).scalars().all()
        for key, counted, of_trials in zip(keys, held["cases"], latencies, strict=True):
            whole = {**named, "key": key, "document": json.dumps(counted["case"])}
            connection.execute(
                sa.text("UPDATE cases SET document = :document WHERE session_id = :session_id AND key = :key"), whole
            )
            for trial, latency in zip(counted["trials"], of_trials, strict=True):
                placed = {name: trial[name] for name in ("repeat", "position", "state")}
                text = json.dumps(_counted(trial) | {"latency": latency})
                connection.execute(_TRIAL, {**named, "case_key": key, **placed, "document": text})
        session = {**named, "document": json.dumps(held["session"])}
        connection.execute(sa.text("UPDATE documents SET document = :document WHERE session_id = :session_id"), session)


def _inflated(packed: bytes) -> Any:
    return msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(packed))


def _counted(trial: dict[str, Any]) -> dict[str, Any]:
    """Without what derives from the counts, which stands in no row."""
    consumers = [{name: held for name, held in each.items() if name != "rate_per_s"} for each in trial["consumers"]]
    return {**{name: trial[name] for name in _TRIAL_FIELDS}, "consumers": consumers}
