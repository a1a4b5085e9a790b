"""Which sessions are stored? One line a session, the newest first."""

from __future__ import annotations

__all__ = ["sessions_table"]

from collections.abc import Sequence

from queuemark.store import SessionSummary
from queuemark.views.table import Cell, Column, Table

_STATES = ("ok", "failed", "unavailable")


def sessions_table(summaries: Sequence[SessionSummary]) -> Table:
    columns = [
        Column(name="session", head="session", align="left"),
        Column(name="created_at", head="begun", align="left", show=lambda value: str(value)[:16].replace("T", " ")),
        Column(name="state", head="state", align="left"),
        Column(name="cases", head="cases"),
        Column(name="planned_trials", head="trials\nplanned"),
        *(Column(name=f"{state}_trials", head=state) for state in _STATES),
        Column(name="command", head="command", align="left", wrap=48),
    ]
    return Table(
        title="Stored sessions",
        columns=columns,
        rows=[_row(summary) for summary in summaries],
        below=["show one with: queuemark show SESSION (the first digits are enough)"],
    )


def _row(summary: SessionSummary) -> list[Cell]:
    counts = [summary.trials.get(state, 0) for state in _STATES]
    return [
        summary.id[:12],
        summary.created_at,
        summary.state,
        summary.cases,
        summary.planned_trials,
        *counts,
        summary.command,
    ]
