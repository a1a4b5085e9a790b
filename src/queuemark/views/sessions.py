"""Which sessions are stored? One line a session, the newest first."""

from __future__ import annotations

__all__ = ["sessions_table"]

from collections.abc import Sequence

from queuemark.store import SessionSummary
from queuemark.views.table import KEEP, Cell, Column, Table

_ENDS = (("ok", "ok", 1), ("failed", "failed", KEEP), ("unavailable", "un-\navailable", 4))
"""State, head, rank."""


def sessions_table(summaries: Sequence[SessionSummary]) -> Table:
    columns = [
        Column(name="session", head="session", align="left"),
        Column(name="created_at", head="begun", align="left", show=lambda value: str(value)[:16].replace("T", " ")),
        Column(name="state", head="state", align="left"),
        Column(name="cases", head="cases", rank=3),
        Column(name="planned_trials", head="trials\nplanned", rank=2),
        *(Column(name=f"{state}_trials", head=head, rank=rank) for state, head, rank in _ENDS),
        Column(name="command", head="command", align="left", wrap=48, wrap_low=26),
    ]
    return Table(
        title="Stored sessions",
        columns=columns,
        rows=[_row(summary) for summary in summaries],
        below=["show one with: queuemark show SESSION (the first digits are enough)"],
    )


def _row(summary: SessionSummary) -> list[Cell]:
    counts = [summary.trials.get(state, 0) for state, _, _ in _ENDS]
    return [
        summary.id[:12],
        summary.created_at,
        summary.state,
        summary.cases,
        summary.planned_trials,
        *counts,
        summary.command,
    ]
