"""Mechanisms that move bytes and keep no boundaries: each message goes behind its length, 4 bytes, little-endian.

What is written may be one message, or as many as fit into a buffer (policy ``buffer``); what is read goes through a
buffer of Python's own (io.BufferedReader), or without one.
"""

from __future__ import annotations

__all__ = ["BufferedOut", "ByteStream", "Write"]

import io
from collections.abc import Callable, Sequence
from struct import Struct

from queuemark.model.transport import Param
from queuemark.runners.python.ends import END, NEVER_NS, Out
from queuemark.runners.python.stamping import now_ns
from queuemark.runners.python.transport import Case, Receive, Send, Transport

_LENGTH = Struct("<I")

Write = Callable[[bytes | memoryview], int]

READ_BUFFER = Param(
    name="read_buffer_bytes",
    unit="B",
    default=io.DEFAULT_BUFFER_SIZE,
    low=0,
    high=1 << 24,
    help="the buffer that messages are read through; 0: each length and each body by a call of its own",
)


class ByteStream(Transport):
    """A stream for each consumer."""

    dispatch = "deal"
    boundaries = False
    policies = ("each", "buffer")
    frame_bytes = _LENGTH.size
    params = (READ_BUFFER,)

    def __init__(self, case: Case) -> None:
        self.read_buffer_bytes = case.number("read_buffer_bytes")

    def open_writers(self) -> Sequence[Write]:
        """In the producer's role: what writes bytes and says how many it took, for each consumer."""
        raise NotImplementedError

    def open_reader(self, index: int) -> io.RawIOBase:
        """In a consumer's role: its stream, without a buffer."""
        raise NotImplementedError

    def open_producer(self) -> list[Send]:
        return [_framed(write) for write in self.open_writers()]

    def open_consumer(self, index: int) -> Receive:
        raw = self.open_reader(index)
        if self.read_buffer_bytes:
            return _unframed(io.BufferedReader(raw, self.read_buffer_bytes).read)
        return _unframed(_exactly(raw))


def _framed(write: Write) -> Send:
    pack = _LENGTH.pack

    def send(message: bytes) -> None:
        frame = pack(len(message)) + message
        written = write(frame)
        if written < len(frame):
            _write_all(write, memoryview(frame)[written:])

    return send


def _write_all(write: Write, rest: memoryview) -> int:
    """How many calls it took."""
    calls = 0
    while rest:
        rest = rest[write(rest) :]
        calls += 1
    return calls


def _unframed(read: Callable[[int], bytes]) -> Receive:
    """read: brings as many bytes as it is asked for."""
    unpack, head_bytes = _LENGTH.unpack, _LENGTH.size

    def receive() -> bytes:
        return read(unpack(read(head_bytes))[0])

    return receive


def _exactly(raw: io.RawIOBase) -> Callable[[int], bytes]:
    def read(count: int) -> bytes:
        data = raw.read(count) or b""
        while len(data) < count:
            more = raw.read(count - len(data))
            if not more:
                raise EOFError("the stream ended inside a message")
            data += more
        return data

    return read


class BufferedOut(Out):
    """Frames are gathered until the next would not fit, or the first of them has waited for so long.

    linger_ns: 0 for as long as it takes. all: every message goes to every consumer.
    """

    def __init__(self, writes: Sequence[Write], buffer_bytes: int, linger_ns: int, *, all: bool) -> None:
        super().__init__((), _LENGTH.size)
        self._writes, self._high_bytes, self._linger_ns, self._all = writes, buffer_bytes, linger_ns, all
        self._buffers = [bytearray() for _ in writes]
        self._flush_ns = [NEVER_NS] * len(writes)

    async def send(self, stream: int, messages: Sequence[bytes], message_bytes: int) -> None:
        streams = range(len(self._writes)) if self._all else [stream]
        for message in messages:
            for into in streams:
                self._append(into, message)
        await self.flush_overdue()

    def _append(self, stream: int, message: bytes) -> None:
        buffer = self._buffers[stream]
        if buffer and len(buffer) + _LENGTH.size + len(message) > self._high_bytes:
            self._write(stream)
        elif not buffer and self._linger_ns:
            self._flush_ns[stream] = now_ns() + self._linger_ns
        buffer += _LENGTH.pack(len(message))
        buffer += message

    def _write(self, stream: int) -> None:
        buffer = self._buffers[stream]
        if buffer:
            with memoryview(buffer) as whole:
                self.calls += _write_all(self._writes[stream], whole)
            self.bytes += len(buffer)
            buffer.clear()
        self._flush_ns[stream] = NEVER_NS

    async def flush(self) -> None:
        for stream in range(len(self._writes)):
            self._write(stream)

    async def flush_overdue(self) -> None:
        if self._linger_ns and (now := now_ns()) >= self.next_flush_ns():
            for stream, moment_ns in enumerate(self._flush_ns):
                if moment_ns <= now:
                    self._write(stream)

    def next_flush_ns(self) -> int:
        return min(self._flush_ns)

    async def end(self, copies: int) -> None:
        await self.flush()
        for write in self._writes:
            _write_all(write, memoryview(_LENGTH.pack(len(END))))
