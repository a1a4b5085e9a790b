"""The rows of the table: one file a group, each with a tuple ROWS; a new file needs no other line."""

from __future__ import annotations

__all__ = ["all_rows"]

from importlib import import_module
from pkgutil import iter_modules

from bench.row import Row


def all_rows() -> list[Row]:
    """Every row, by file name, then in the order of its file."""
    names = sorted(module.name for module in iter_modules(__path__))
    return [row for name in names for row in import_module(f"{__name__}.{name}").ROWS]
