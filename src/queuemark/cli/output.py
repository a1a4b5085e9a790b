"""What leaves this process: on stdout, or in a file that is there whole or not at all.

1. A reader that goes away is no error; a system that refuses to write is one.
2. Nothing that a document holds reaches a terminal as a control character; files and pipes get every byte as it is.
"""

from __future__ import annotations

__all__ = [
    "STDOUT",
    "check_writable",
    "discard",
    "discard_stdout",
    "printing",
    "stream",
    "unwritten_text",
    "write_file",
    "write_json",
]

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from queuemark.model.errors import QueuemarkError
from queuemark.views.render import printable

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


@contextmanager
def printing(remedy: str) -> Iterator[None]:
    """What is printed within may be left unread.

    Raises: QueuemarkError with the remedy when the system refuses to write it.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        discard_stdout()
    except OSError as error:
        discard_stdout()
        raise QueuemarkError(f"{unwritten_text(error)}; {remedy}") from error


def unwritten_text(error: OSError) -> str:
    return f"cannot write to standard output: {error.strerror or error}"


def discard_stdout() -> None:
    discard(sys.stdout)


def discard(stream: TextIO) -> None:
    """Nothing more is written to it, what waits in its buffer included, not even by the interpreter at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def write_json(target: str, document: bytes) -> None:
    """Raises: QueuemarkError when the system refuses to write a file; OSError when it refuses stdout."""
    if target == STDOUT:
        with stream(target) as out:
            out.write(document)
        return
    try:
        _write(Path(target), document)
    except OSError as error:
        raise QueuemarkError(
            f"cannot write {target}: {error.strerror or error}; the session is kept, see: queuemark export"
        ) from error


@contextmanager
def stream(target: str) -> Iterator[BinaryIO]:
    """For what is too much to be held at once; a file is there whole afterwards, or not at all.

    Raises: as ``write_json``.
    """
    if target == STDOUT:
        sys.stdout.flush()
        yield cast(BinaryIO, _Terminal(sys.stdout.buffer)) if sys.stdout.isatty() else sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with _written(Path(target)) as file:
            yield file
    except OSError as error:
        raise QueuemarkError(f"cannot write {target}: {error.strerror or error}; choose another place") from error


class _Terminal:
    """What is written to a terminal, in whole lines: a question mark stands for what would not print there."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    def write(self, content: bytes) -> int:
        lines = content.decode(errors="replace").split("\n")
        self._out.write("\n".join(map(printable, lines)).encode(errors="replace"))
        return len(content)


def write_file(target: str, content: bytes) -> None:
    """Raises: QueuemarkError when the system refuses to write the file."""
    try:
        _write(Path(target), content)
    except OSError as error:
        raise QueuemarkError(f"cannot write {target}: {error.strerror or error}; choose another place") from error


def _write(path: Path, document: bytes) -> None:
    with _written(path) as file:
        file.write(document)


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
    """A file that is there whole once what is within has ended, or as it was before when that failed."""
    if path.exists() and not path.is_file():
        # A device or a pipe is written to, not replaced.
        with path.open("wb") as file:
            yield file
        return
    path = path.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
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
