"""Times as the store sorts them: ISO 8601, UTC, always with microseconds, so that text order is time order."""

from __future__ import annotations

__all__ = ["sortable"]

from datetime import UTC, datetime

from queuemark.model.errors import UsageError


def sortable(created_at: str) -> str:
    """``2026-11-22T21:54:51Z`` becomes ``2026-11-22T21:54:51.000000Z``; without a zone it is taken as UTC.

    Raises: UsageError for what is not a time.
    """
    try:
        instant = datetime.fromisoformat(created_at)
        utc = instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"created_at {created_at!r} is not a time as in ISO 8601: {error}") from error
    return utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
