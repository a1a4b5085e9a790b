"""The report as CSV: what the sessions' cases, trials or consumers were, a row each, for other programs."""

from __future__ import annotations

__all__ = ["csv_report"]

from collections.abc import Sequence

from queuemark.model.session import SessionDocument
from queuemark.views.record import record_table
from queuemark.views.render import csv_text
from queuemark.views.table import Column, Table


def csv_report(documents: Sequence[SessionDocument], level: str) -> str:
    """One table of all sessions, each row with its session's id. level: one of views.record.LEVELS."""
    tables = [record_table(document, level) for document in documents]
    columns: dict[str, Column] = {column.name: column for table in tables for column in table.columns}
    rows = [
        [cells.get(name) for name in columns]
        for table in tables
        for cells in (dict(zip((column.name for column in table.columns), row, strict=True)) for row in table.rows)
    ]
    return csv_text(Table(title="", columns=list(columns.values()), rows=rows))
