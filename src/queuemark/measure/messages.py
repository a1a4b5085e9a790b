"""A person's own messages: read once before the session, checked, and identified by what they are.

1. ``lines``: one message a line, without its line end (LF or CRLF); empty lines are skipped.
2. ``u32``: records of a 4-byte little-endian length and as many bytes.
3. The file is streamed: its size does not matter, only that of its largest message.
4. What identifies it is name, hash, count and sizes; the path stays with the local plan.
"""

from __future__ import annotations

__all__ = ["MESSAGE_HIGH_BYTES", "read_messages"]

import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from queuemark.model.errors import UsageError
from queuemark.model.workload import SEQUENCE_BYTES, MessagesFormat, MessagesSource

MESSAGE_HIGH_BYTES = 16 * 1024 * 1024

_PREFIX_BYTES = 4


def read_messages(path: Path, message_format: MessagesFormat = "lines") -> MessagesSource:
    """Raises: UsageError when it is missing, unreadable, no file, empty, truncated, or a message is too large."""
    sizes = {"lines": _line_sizes, "u32": _record_sizes}[message_format]
    count = total_bytes = largest_bytes = 0
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"messages {path} is not a regular file; write the messages to a file first")
        with path.open("rb") as file:
            for size_bytes in sizes(path, file):
                count, total_bytes = count + 1, total_bytes + size_bytes
                largest_bytes = max(largest_bytes, size_bytes)
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"messages {path} cannot be read: {error.strerror or error}") from error
    if count == 0:
        raise UsageError(f"messages {path} holds no message; it needs at least one {_UNIT[message_format]}")
    return MessagesSource(
        name=path.name,
        format=message_format,
        sha256=sha256,
        count=count,
        total_bytes=total_bytes,
        largest_bytes=largest_bytes + SEQUENCE_BYTES,
    )


_UNIT = {"lines": "line that is not empty", "u32": "length-prefixed record"}


def _line_sizes(path: Path, file: BinaryIO) -> Iterator[int]:
    number = 0
    # One byte more for each of CR and LF; a longer piece has no line end within the limit.
    while line := file.readline(MESSAGE_HIGH_BYTES + 2):
        number += 1
        size_bytes = len(line.removesuffix(b"\n").removesuffix(b"\r"))
        if size_bytes > MESSAGE_HIGH_BYTES:
            raise _too_large(path, f"line {number}")
        if size_bytes:
            yield size_bytes


def _record_sizes(path: Path, file: BinaryIO) -> Iterator[int]:
    offset = 0
    while prefix := file.read(_PREFIX_BYTES):
        if len(prefix) < _PREFIX_BYTES:
            raise _truncated(path, offset, f"{len(prefix)} of {_PREFIX_BYTES} bytes of its length")
        size_bytes = int.from_bytes(prefix, "little")
        if size_bytes > MESSAGE_HIGH_BYTES:
            raise _too_large(path, f"the record at byte {offset} ({size_bytes} bytes)")
        there = len(file.read(size_bytes))
        if there < size_bytes:
            raise _truncated(path, offset, f"{there} of its {size_bytes} bytes")
        yield size_bytes
        offset += _PREFIX_BYTES + size_bytes


def _too_large(path: Path, which: str) -> UsageError:
    return UsageError(
        f"messages {path}: {which} is above the largest message of {MESSAGE_HIGH_BYTES} bytes; split it or leave it out"
    )


def _truncated(path: Path, offset: int, there: str) -> UsageError:
    return UsageError(
        f"messages {path}: the record at byte {offset} is cut short, the file ends after {there}; "
        "is it u32 (4-byte little-endian length before each message)?"
    )
