"""Sessions, their cases, and the trials of each."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("holder", sa.String(128)),
        sa.Column("schema", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_sessions"),
        sa.UniqueConstraint("id", name="uq_sessions_id"),
    )
    op.create_index("ix_sessions_created_at", "sessions", ["created_at"])
    op.create_table(
        "cases",
        sa.Column("session_id", sa.String(32), nullable=False),
        sa.Column("key", sa.String(16), nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("transport", sa.String(64), nullable=False),
        sa.Column("runtime", sa.String(64), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "key", name="pk_cases"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_cases_sessions", ondelete="CASCADE"),
    )
    op.create_index("ix_cases_key", "cases", ["key"])
    op.create_table(
        "trials",
        sa.Column("session_id", sa.String(32), nullable=False),
        sa.Column("case_key", sa.String(16), nullable=False),
        sa.Column("repeat", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "case_key", "repeat", name="pk_trials"),
        sa.ForeignKeyConstraint(
            ["session_id", "case_key"], ["cases.session_id", "cases.key"], name="fk_trials_cases", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    for table in ("trials", "cases", "sessions"):
        op.drop_table(table)
