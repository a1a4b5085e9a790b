"""What every message carries, made by the sender and made again by the receiver, which compares.

1. A message of at least 8 bytes begins with its sequence number: 48 bits of number and 16 bits of a seeded tag over
   it. The rest is a seeded table, mixed with a value of the message's own: no two messages are alike, and none of the
   warm-up passes for one of the window.
2. A message under 8 bytes is the low bytes of its sequence number, and proves no more than these can.
3. A person's own message follows its sequence number unchanged.
4. Of a mix of sizes each message is as those of its size alone are; which size number k of a stream has is a function
   of seed, stream, phase and k.

Messages are made many at a time, as arrays: one at a time this would cost more than most mechanisms do. Numbers lie
little-endian, and the bytes are those that the native runner writes for the same seed.
"""

from __future__ import annotations

__all__ = [
    "NUMBER_MASK",
    "SEQUENCE_BYTES",
    "Ahead",
    "Content",
    "SmallContent",
    "make_content",
    "mixed_all",
]

from collections.abc import Sequence
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from queuemark.model.mix import MIX_PERIOD, Mix
from queuemark.model.workload import SEQUENCE_BYTES
from queuemark.runners.python.numbering import WORD_MASK, Stream, mixed

Words = NDArray[np.uint64]

NUMBER_MASK = (1 << 48) - 1
_TAG_MASK = np.uint64(WORD_MASK ^ NUMBER_MASK)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_TURN = 0xD1B54A32D192ED03
_TABLE_WORDS = 512

_BATCHES_AHEAD = 4
_AHEAD_BYTES = 256 * 1024
"""What is made ahead stays in a core's own cache."""


def mixed_all(values: Words) -> Words:
    """numbering.mixed of each value of an array."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


class Content:
    """The messages of a trial; largest_bytes: of the largest.

    proves: a message's claim of its number can be checked from itself. one_size: all are as long as the largest.
    """

    proves = True
    one_size = True

    def __init__(self, largest_bytes: int) -> None:
        self.largest_bytes = largest_bytes

    def run(self, stream: Stream, first: int, count: int) -> list[bytes]:
        """``count`` messages of the stream that follow each other."""
        return self.messages(stream, np.arange(first, first + count, dtype=np.uint64))

    def messages(self, stream: Stream, numbers: Words) -> list[bytes]:
        """The messages of these numbers."""
        found: list[bytes] = self.made(stream, numbers).tolist()
        return found

    def made(self, stream: Stream, numbers: Words) -> NDArray[Any]:
        """The same as an array; its elements become bytes when they are taken out."""
        raise NotImplementedError

    def claim(self, message: bytes, stream: Stream, expected: int) -> int | None:
        """The number that a message carries, when all of it bears that out."""
        if len(message) < SEQUENCE_BYTES:
            return None
        number = int.from_bytes(message[:SEQUENCE_BYTES], "little") & NUMBER_MASK
        return number if self.run(stream, number, 1)[0] == message else None

    def bytes_of(self, messages: Sequence[bytes]) -> int:
        return len(messages) * self.largest_bytes if self.one_size else sum(map(len, messages))


class Ahead:
    """The messages of a stream, for one who goes through it in order: several batches of them are made at a time.

    Between two batches there are thousands of calls of the mechanism, and numpy's code and tables leave the caches
    meanwhile, so that its first calls cost more than what they make.
    streams: how many are gone through at once, which share the room.
    """

    def __init__(self, content: Content, stream: Stream, streams: int = 1) -> None:
        self._content, self._stream = content, stream
        self._items_high = _AHEAD_BYTES // streams // content.largest_bytes
        self._first = self._end = 0
        self._made: NDArray[Any] = np.empty(0, dtype=object)

    def run(self, first: int, count: int) -> list[bytes]:
        """As Content.run."""
        end = first + count
        if not self._first <= first <= end <= self._end:
            ahead = min(_BATCHES_AHEAD * count, self._items_high)
            if ahead <= count:
                return self._content.run(self._stream, first, count)
            self._first, self._end = first, first + ahead
            self._made = self._content.made(self._stream, np.arange(first, self._end, dtype=np.uint64))
        found: list[bytes] = self._made[first - self._first : end - self._first].tolist()
        return found


def _heads(stream: Stream, numbers: Words) -> tuple[Words, Words]:
    """The first 8 bytes of each message, and the value that the rest of it is mixed with."""
    mixes = numbers * _STEP + np.uint64(stream.salt)
    return numbers | (mixes & _TAG_MASK), mixes


class SeededContent(Content):
    """Messages of one size, 8 bytes or more."""

    def __init__(self, size_bytes: int, table: Words) -> None:
        super().__init__(size_bytes)
        words, tail = divmod(size_bytes - SEQUENCE_BYTES, 8)
        self._tail = table[words % _TABLE_WORDS] if tail else None
        # The first column is the head's, which is written over what it is mixed of here; so is the tail's.
        places = np.maximum(np.arange(-1, words + bool(tail)), 0)
        self._row = table[places % _TABLE_WORDS]
        # Each turn of the table mixes differently: two equal stretches of a long message do not exist.
        self._turns = (places // _TABLE_WORDS).astype(np.uint64) * np.uint64(_TURN)
        self._rows = self._row[None, :]
        """The row again and again, for the largest batch so far."""

    def made(self, stream: Stream, numbers: Words) -> NDArray[Any]:
        heads, mixes = _heads(stream, numbers)
        made = self._mixed_rows(mixes)
        made[:, 0] = heads
        if self._tail is not None:
            made[:, -1] = self._tail ^ ~mixes
        return _apart(made.astype("<u8", copy=False), self.largest_bytes)

    def _mixed_rows(self, mixes: Words) -> Words:
        """(messages, words): the row, mixed with each message's value."""
        words = len(self._row)
        if words > 1 + _TABLE_WORDS:
            mixed_rows: Words = self._row ^ (mixes[:, None] + self._turns)
            return mixed_rows
        if len(self._rows) < len(mixes):
            self._rows = np.tile(self._row, (len(mixes), 1))
        # One long loop: over operands that are broadcast numpy begins one for each message, which costs more than it.
        made = np.repeat(mixes, words).reshape(-1, words)
        made ^= self._rows[: len(mixes)]
        return made


class SmallContent(Content):
    """Messages of 1 to 7 bytes: the low bytes of the number."""

    proves = False

    def __init__(self, size_bytes: int) -> None:
        super().__init__(size_bytes)
        self.mask = (1 << (8 * size_bytes)) - 1

    def made(self, stream: Stream, numbers: Words) -> NDArray[Any]:
        return _apart(numbers.astype("<u8").reshape(-1, 1), self.largest_bytes)

    def claim(self, message: bytes, stream: Stream, expected: int) -> int | None:
        """The number nearest to the expected one that has these low bytes."""
        if len(message) != self.largest_bytes:
            return None
        ahead = (int.from_bytes(message, "little") - expected) & self.mask
        behind = self.mask + 1 - ahead
        return expected + ahead if ahead <= self.mask // 2 or behind > expected else expected - behind


class FileContent(Content):
    """A person's own messages, looped, each behind its sequence number."""

    one_size = False

    def __init__(self, records: Sequence[bytes]) -> None:
        super().__init__(SEQUENCE_BYTES + max(map(len, records)))
        self._records = records

    def made(self, stream: Stream, numbers: Words) -> NDArray[Any]:
        heads, _ = _heads(stream, numbers)
        places = stream.dealing.places(numbers) % np.uint64(len(self._records))
        records = map(self._records.__getitem__, places.tolist())
        made = np.empty(len(numbers), dtype=object)
        made[:] = list(map(add, _apart(heads.reshape(-1, 1), SEQUENCE_BYTES).tolist(), records))
        return made


class MixContent(Content):
    """Messages of several sizes in shares that are exact, in an order that both ends know."""

    one_size = False

    def __init__(self, mix: Mix, seed: int) -> None:
        super().__init__(mix[-1].size_bytes)
        table = _table(seed)
        self._contents = [SeededContent(part.size_bytes, table) for part in mix]
        self._order = _shuffled([which for which, part in enumerate(mix) for _ in range(part.in_period)], seed)

    def made(self, stream: Stream, numbers: Words) -> NDArray[Any]:
        """Each stream takes the table of sizes from a place of its own on."""
        places = (numbers + np.uint64(stream.salt % MIX_PERIOD)) % np.uint64(MIX_PERIOD)
        which = self._order[places.astype(np.intp)]
        made = np.empty(len(numbers), dtype=object)
        for kind, content in enumerate(self._contents):
            chosen = np.flatnonzero(which == kind)
            made[chosen] = content.messages(stream, numbers[chosen])
        return made


def make_content(size_bytes: int, mix: Mix, records: Sequence[bytes], seed: int) -> Content:
    """Own messages where there are any, else a mix where there is one, else messages of one size."""
    if records:
        return FileContent(records)
    if mix:
        return MixContent(mix, seed)
    return SmallContent(size_bytes) if size_bytes < SEQUENCE_BYTES else SeededContent(size_bytes, _table(seed))


def _apart(made: Words, size_bytes: int) -> NDArray[Any]:
    """The rows of an array as messages of so many bytes."""
    rows = np.ascontiguousarray(made).view(np.uint8)
    whole: NDArray[Any] = np.ascontiguousarray(rows[:, :size_bytes])
    return whole.view(f"V{size_bytes}").reshape(-1)


def _table(seed: int) -> Words:
    turns = np.arange(_TABLE_WORDS, dtype=np.uint64) * np.uint64(_TURN)
    return mixed_all(np.uint64(seed) + turns)


def _shuffled(order: list[int], seed: int) -> NDArray[np.uint8]:
    """Fisher and Yates; a remainder of 64 bits by so few places prefers none of them by more than 2^-50."""
    for left in range(len(order), 1, -1):
        other = mixed(seed ^ mixed(left)) % left
        order[left - 1], order[other] = order[other], order[left - 1]
    return np.array(order, dtype=np.uint8)
