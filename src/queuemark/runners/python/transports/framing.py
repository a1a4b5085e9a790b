"""Messages in a stream of bytes: each behind its length, 4 bytes, little-endian."""

from __future__ import annotations

__all__ = ["LENGTH_BYTES", "framed", "unframed"]

from collections.abc import Callable
from struct import Struct

from queuemark.runners.python.transport import Receive, Send

_LENGTH = Struct("<I")
LENGTH_BYTES = _LENGTH.size


def framed(write: Callable[[bytes], int]) -> Send:
    """Sends a message by a call, or by as many as it takes where one takes only a part. write: says how many bytes."""
    head = _LENGTH.pack

    def send(message: bytes) -> None:
        frame = head(len(message)) + message
        written = write(frame)
        while written < len(frame):
            written += write(frame[written:])

    return send


def unframed(read: Callable[[int], bytes]) -> Receive:
    """Receives a message by two calls that bring all they are asked for, as a buffered reader's do."""
    length = _LENGTH.unpack

    def receive() -> bytes:
        return read(length(read(LENGTH_BYTES))[0])

    return receive
