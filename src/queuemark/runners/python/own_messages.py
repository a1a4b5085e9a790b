"""A person's own messages, read from their file: one a line, or length-prefixed records."""

from __future__ import annotations

__all__ = ["read_records"]

import struct
from pathlib import Path

from queuemark.model.errors import UsageError


def read_records(path: str, form: str) -> list[bytes]:
    """lines: one message a line, its end is not part of it, empty lines are passed over; u32: each behind its length,
    4 bytes, little-endian; length 0 is an empty message.

    Raises: OSError when the file cannot be read; UsageError when it holds no message or is cut short.
    """
    if Path(path).is_dir():
        raise UsageError(f"the messages file {path} is not a regular file")
    data = Path(path).read_bytes()
    records = _lines(data) if form == "lines" else _prefixed(data, path)
    if not records:
        raise UsageError(f"the messages file {path} holds no message")
    return records


def _lines(data: bytes) -> list[bytes]:
    lines = (line.removesuffix(b"\r") for line in data.split(b"\n"))
    return [line for line in lines if line]


def _prefixed(data: bytes, path: str) -> list[bytes]:
    records, at = [], 0
    while at < len(data):
        length = struct.unpack_from("<I", data, at)[0] if len(data) - at >= 4 else 0
        end = at + 4 + length
        if end > len(data):
            raise UsageError(f"the messages file {path} is cut short: the record at byte {at} ends behind the file")
        records.append(data[at + 4 : end])
        at = end
    return records
