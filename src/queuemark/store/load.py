"""A session by any of its names: an id, a unique prefix, ``last``, or a file."""

from __future__ import annotations

__all__ = ["load"]

import os
from pathlib import Path

from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument, decode_session
from queuemark.store.directory import data_directory, existing_database


def load(name: str = "last", directory: Path | None = None) -> SessionDocument:
    """What looks like a path or is one is read as a file; everything else is looked up in the store.

    Raises: UsageError when there is no such session or the file is none; QueuemarkError when it cannot be read.
    """
    if not name.strip():
        raise UsageError("the session's name is empty; write last, the first digits of an id, or a file")
    path = Path(name)
    if os.sep in name or path.suffix == ".json" or path.is_file():
        return _read(path)
    if existing_database(directory) is None:
        raise UsageError(f"no session is stored in {directory or data_directory()} yet; measure with: queuemark run")
    from queuemark.store.store import Store

    with Store.open_to_read(directory) as store:
        return store.document(store.find(name).id)


def _read(path: Path) -> SessionDocument:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the session file {path}: {error.strerror or error}; check the path") from error
    return decode_session(text, str(path))
