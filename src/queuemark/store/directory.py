"""Where stored sessions live on this machine."""

from __future__ import annotations

__all__ = ["DATABASE_NAME", "data_directory", "existing_database", "prepared"]

import os
from pathlib import Path

from queuemark.model.errors import QueuemarkError

DATABASE_NAME = "queuemark.sqlite3"


def data_directory() -> Path:
    """QUEUEMARK_DATA_DIR, or else the platform's own place for a program's data; not created here."""
    chosen = os.environ.get("QUEUEMARK_DATA_DIR")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_data_path

    return user_data_path("queuemark", appauthor=False)


def existing_database(directory: Path | None = None) -> Path | None:
    """The database file if there is one already, else None; nothing is created."""
    path = (directory or data_directory()) / DATABASE_NAME
    try:
        return path if path.is_file() else None
    except OSError as error:
        raise _unusable(path.parent, error) from error


def prepared(directory: Path) -> Path:
    """The directory, created when needed.

    Raises: QueuemarkError when it cannot be created.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(directory, error) from error
    return directory


def _unusable(directory: Path, error: OSError) -> QueuemarkError:
    return QueuemarkError(
        f"cannot use the data directory {directory}: {error.strerror or error}; "
        "make it a writable directory or set QUEUEMARK_DATA_DIR to another one"
    )
