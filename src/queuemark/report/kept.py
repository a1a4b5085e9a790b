"""Reports that are written without being asked where to: beside the stored sessions, the newest of them."""

from __future__ import annotations

__all__ = ["KEPT_HIGH", "forget_oldest", "report_path"]

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from queuemark.store.directory import prepared

KEPT_HIGH = 50
"""Older ones are removed; their sessions are kept, and a report can be written again."""


def report_path(directory: Path, ids: Sequence[str]) -> Path:
    """Where the report of these sessions belongs in a data directory; the place for it is made.

    ids: one session by its whole id, several by the first digits of each.
    Raises: QueuemarkError when the directory cannot be created.
    """
    name = ids[0] if len(ids) == 1 else "-".join(each[:8] for each in ids)
    return prepared(directory / "reports") / f"{name}.html"


def forget_oldest(directory: Path) -> None:
    """Removes all reports of a data directory but the newest; one that somebody removed first is no matter."""
    written = sorted((directory / "reports").glob("*.html"), key=_written_s, reverse=True)
    for path in written[KEPT_HIGH:]:
        with suppress(OSError):
            path.unlink()


def _written_s(path: Path) -> float:
    """When, in seconds of the epoch; what has gone meanwhile is the oldest."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
