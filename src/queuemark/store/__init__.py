"""The record of what was measured: tables, queries and migrations.

``from queuemark.store import Store, data_directory, load``
"""

from __future__ import annotations

__all__ = ["SessionSummary", "Store", "data_directory", "load"]

from importlib import import_module
from typing import TYPE_CHECKING, Any

from queuemark.store.directory import data_directory
from queuemark.store.load import load

if TYPE_CHECKING:
    from queuemark.store.store import SessionSummary, Store


def __getattr__(name: str) -> Any:
    """The database's library, which a session in a file does without, is loaded for whoever asks for the store."""
    if name not in ("SessionSummary", "Store"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("queuemark.store.store"), name)
