"""The history of the tables; alembic is imported only when a database is not at the newest revision."""

from __future__ import annotations

__all__ = ["NEWEST"]

NEWEST = "0002"
"""The newest file in ``versions``."""
