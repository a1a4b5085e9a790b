"""At which sizes and numbers of consumers is each mechanism fast? A table for each: sizes down, consumers across."""

from __future__ import annotations

__all__ = ["QUESTION", "heat_tables"]

from queuemark.model.session import SessionDocument
from queuemark.views.classic import check_grid, series_tables
from queuemark.views.table import Table

QUESTION = "At which sizes and numbers of consumers is each mechanism fast?"


def heat_tables(document: SessionDocument, *, wide: bool = False, alone: bool = False) -> list[Table]:
    """document: with estimates. Raises: UsageError when there is no grid of sizes and numbers of consumers."""
    check_grid(document)
    return series_tables(document, alone=alone)
