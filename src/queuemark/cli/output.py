"""JSON for other programs: on stdout, or in a file that is there whole or not at all."""

from __future__ import annotations

__all__ = ["check_writable", "write_json"]

import contextlib
import os
import sys
import tempfile
from pathlib import Path

from queuemark.model.errors import QueuemarkError

STDOUT = "-"


def check_writable(target: str) -> None:
    """Whether ``write_json`` could write there, asked before anything is measured.

    Raises: QueuemarkError with the reason.
    """
    if target == STDOUT:
        return
    path = Path(target)
    if path.is_dir():
        raise QueuemarkError(f"cannot write {target}: it is a directory; name a file in it")
    if not path.parent.is_dir():
        raise QueuemarkError(f"cannot write {target}: there is no directory {path.parent}; create it first")
    if not os.access(path.resolve().parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise QueuemarkError(f"cannot write {target}: permission denied; choose another place")


def write_json(target: str, document: bytes) -> None:
    """Raises: QueuemarkError when the system refuses."""
    if target == STDOUT:
        sys.stdout.flush()
        sys.stdout.buffer.write(document)
        sys.stdout.buffer.flush()
        return
    try:
        _write(Path(target), document)
    except OSError as error:
        raise QueuemarkError(
            f"cannot write {target}: {error.strerror or error}; the session is kept, see: queuemark export"
        ) from error


def _write(path: Path, document: bytes) -> None:
    if path.exists() and not path.is_file():
        # A device or a pipe is written to, not replaced.
        path.write_bytes(document)
        return
    path = path.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(document)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp keeps others out; a new file of the user's is as open as their umask says.
        Path(name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
