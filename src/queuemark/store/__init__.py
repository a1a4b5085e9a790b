"""The record of what was measured: tables, queries and migrations.

``from queuemark.store import Store, data_directory, load``
"""

from __future__ import annotations

__all__ = ["SessionSummary", "Store", "data_directory", "load"]

from queuemark.store.directory import data_directory
from queuemark.store.load import load
from queuemark.store.store import SessionSummary, Store
