"""How messages become calls: one each, many, or gathered; all of them arrive, whatever a call takes and brings."""

from __future__ import annotations

import io
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from queuemark.runners.python.byte_stream import BufferedOut, ByteStream, Write
from queuemark.runners.python.ends import END, FanOut, In, ManyIn, ManyOut, Out
from queuemark.runners.python.transport import Case

Kept = TypeVar("Kept")

MESSAGES = [b"a", b"bb" * 20, b"c" * 300, b"dd"]
BYTES = sum(map(len, MESSAGES))
HEAD_BYTES = 4


def done(work: Coroutine[Any, Any, Kept]) -> Kept:
    """What it returns; it waits for nothing."""
    with pytest.raises(StopIteration) as ended:
        work.send(None)
    kept: Kept = ended.value.value
    return kept


class Stream:
    """Takes at most so many bytes a call."""

    def __init__(self, most: int = 1 << 20) -> None:
        self.most, self.calls = most, 0
        self.taken = b""

    def write(self, data: bytes | memoryview) -> int:
        self.calls += 1
        taken = bytes(data[: self.most])
        self.taken += taken
        return len(taken)


class KeptBytes(ByteStream):
    name, summary = "kept", "bytes that are kept"

    def __init__(self, stream: Stream, read_buffer_bytes: int) -> None:
        super().__init__(Case(1, 300, {"read_buffer_bytes": read_buffer_bytes}))
        self.stream = stream

    def open_writers(self) -> list[Write]:
        return [self.stream.write]

    def open_reader(self, index: int) -> io.RawIOBase:
        return Torn(self.stream.taken)


class Torn(io.RawIOBase):
    """Brings three bytes a call at the most."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part, self.data = self.data[: min(3, len(buffer))], self.data[min(3, len(buffer)) :]
        buffer[: len(part)] = part
        return len(part)


@pytest.mark.parametrize("most", [1, 5, 1 << 20])
@pytest.mark.parametrize("read_buffer_bytes", [0, 16, 8192])
def test_messages_survive_a_stream_that_takes_and_brings_parts(most: int, read_buffer_bytes: int) -> None:
    transport = KeptBytes(Stream(most), read_buffer_bytes)
    out = Out(transport.open_producer(), transport.frame_bytes)
    done(out.send(0, MESSAGES, BYTES))
    done(out.end(1))
    assert (out.calls, out.bytes) == (4, BYTES + 4 * HEAD_BYTES)
    end = In(transport.open_consumer(0))
    assert done(end.receive(3)) == MESSAGES[:3]
    assert done(end.receive(3)) == MESSAGES[3:]
    assert end.calls == 5


def test_a_stream_that_ends_inside_a_message_is_no_end() -> None:
    transport = KeptBytes(Stream(), 0)
    transport.stream.taken = b"\x05\x00\x00\x00abc"
    with pytest.raises(EOFError, match="inside a message"):
        transport.open_consumer(0)()


def test_a_buffer_is_written_when_the_next_frame_would_not_fit() -> None:
    stream = Stream()
    out = BufferedOut([stream.write], 64, 0, all=False)
    done(out.send(0, MESSAGES, BYTES))
    # The first two fit together, the third is larger than the buffer, the last waits.
    assert (stream.calls, len(stream.taken)) == (2, 41 + 300 + 3 * HEAD_BYTES)
    assert (out.calls, out.bytes) == (2, len(stream.taken))
    done(out.end(1))
    assert (out.calls, out.bytes) == (3, BYTES + 4 * HEAD_BYTES)
    end = In(KeptBytes(stream, 8192).open_consumer(0))
    assert done(end.receive(9)) == MESSAGES


def test_a_buffer_that_lingers_is_written_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000]
    monkeypatch.setattr("queuemark.runners.python.byte_stream.now_ns", lambda: clock[0])
    stream = Stream()
    out = BufferedOut([stream.write], 1 << 16, 50, all=False)
    done(out.send(0, [b"first"], 5))
    assert (stream.calls, out.next_flush_ns()) == (0, 1050)
    clock[0] = 1049
    done(out.send(0, [b"second"], 6))
    assert stream.calls == 0
    clock[0] = 1050
    done(out.flush_overdue())
    assert (stream.calls, out.calls) == (1, 1)
    assert out.next_flush_ns() > 1 << 60


@pytest.mark.parametrize("items", [1, 3, 100])
def test_many_messages_are_one_call(items: int) -> None:
    sent: list[list[bytes]] = []
    out = ManyOut([lambda messages: sent.append(list(messages))], 0, items, all=False)
    done(out.send(0, MESSAGES, BYTES))
    done(out.end(2))
    calls = -(-len(MESSAGES) // items)
    assert (out.calls, out.bytes) == (calls, BYTES)
    assert [message for call in sent for message in call] == [*MESSAGES, END, END]
    assert max(map(len, sent)) <= items


def test_what_one_call_brought_is_handed_on_in_parts() -> None:
    brought = iter([MESSAGES[:3], [MESSAGES[3], END]])
    end = ManyIn(lambda most: next(brought), 3)
    came_ns: list[int] = []
    assert done(end.receive_timed(2, came_ns)) == MESSAGES[:2]
    assert done(end.receive(9)) == MESSAGES[2:]
    assert (end.calls, len(came_ns)) == (2, 2)


def test_a_fan_out_is_a_call_for_each_consumer() -> None:
    got: list[list[bytes]] = [[], []]
    out = FanOut([each.append for each in got], 4)
    done(out.send(0, MESSAGES, BYTES))
    done(out.end(2))
    assert got == [[*MESSAGES, END]] * 2
    assert (out.calls, out.bytes) == (8, 2 * (BYTES + 4 * 4))


def test_a_channel_that_reaches_all_consumers_gets_each_message_and_the_end_once() -> None:
    got: list[bytes] = []
    out = FanOut([got.append], 4)
    done(out.send(0, MESSAGES, BYTES))
    done(out.end(3))
    assert got == [*MESSAGES, END]
    assert (out.calls, out.bytes) == (4, BYTES + 4 * 4)
    calls: list[list[bytes]] = []
    many = ManyOut([lambda messages: calls.append([*messages])], 0, 3, all=True)
    done(many.send(0, MESSAGES, BYTES))
    done(many.end(3))
    assert calls == [MESSAGES[:3], MESSAGES[3:], [END]]
