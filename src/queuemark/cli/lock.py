"""One measuring process at a time: two would measure each other."""

from __future__ import annotations

__all__ = ["alone"]

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from queuemark.model.errors import QueuemarkError

LOCK_NAME = "run.lock"

_REMEDIES = {errno.EFBIG: "raise the limit of file size (ulimit -f)"}


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Holds the data directory's lock; the kernel lets go of it whatever becomes of this process.

    Raises: QueuemarkError when another process holds it, or when the directory cannot be written.
    """
    path = directory / LOCK_NAME
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise QueuemarkError(
            f"cannot use the data directory {directory}: {error.strerror or error}; "
            "make it a writable directory or set QUEUEMARK_DATA_DIR to another one"
        ) from error
    try:
        _take(lock, path)
        yield
    finally:
        os.close(lock)


def _take(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 20, 0).decode("ascii", "replace").strip() or "unknown"
        raise QueuemarkError(
            f"another run (process {holder}) is measuring on this machine and would disturb this one; "
            "wait for it to end or stop it"
        ) from None
    except OSError as error:
        raise QueuemarkError(f"cannot lock {path}: {error.strerror or error}; is it on a local disk?") from error
    try:
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "make room on that disk")
        raise QueuemarkError(f"cannot write {path}: {error.strerror or error}; {remedy}") from error
