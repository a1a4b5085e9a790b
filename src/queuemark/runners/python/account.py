"""Finds out what became of every message: arrived once and whole, or lost, repeated, out of order, damaged.

Three ways, by what the mechanism lets a consumer know:

- Ordered: the consumer is the only one of its stream, so it knows each next message;
- Competing: a consumer sees some of the messages; each number that it saw is marked in its memory, and the parent lays
  the marks of all consumers over each other at the end;
- Values: competing consumers and messages too small for a number: counts per value.

Whole batches are compared first; only one with a difference is gone through message by message. The mechanisms of this
runner promise to lose nothing, so whatever is missing at the end, or damaged, fails the trial. Whole messages are
compared whatever share of them was asked for: they have to be made anyway, and what is made is quickly compared.
"""

from __future__ import annotations

__all__ = ["Account", "Competing", "Missing", "Ordered", "Values"]

from bisect import bisect_right
from itertools import repeat
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from queuemark.runners.python.content import NUMBER_MASK, SEQUENCE_BYTES, Ahead, Content, SmallContent, mixed_all
from queuemark.runners.python.found import Tally
from queuemark.runners.python.latency import Arrivals, Came
from queuemark.runners.python.numbering import Stream


class Account:
    """One consumer's account of one phase. next: the number that comes next, null where that cannot be known."""

    next: int | None = None

    def __init__(self, content: Content, stream: Stream, sample: int, arrivals: Arrivals | None) -> None:
        self.tally = Tally()
        self._content, self._stream, self._sample, self._arrivals = content, stream, sample, arrivals

    def take(self, messages: list[bytes], came: Came) -> None:
        """A batch, in the order in which it came."""
        raise NotImplementedError

    def finish(self, dealt: int) -> None:
        """The stream has ended; the producer says how many messages it put into it."""

    def _due(self, first: int, count: int) -> int:
        """How many of these numbers were to have their content compared."""
        return -(-(first + count) // self._sample) - -(-first // self._sample)


class Missing:
    """Numbers that were passed over and may still come, as disjoint ranges in order."""

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []
        self.count = 0

    def add(self, first: int, end: int) -> None:
        """Each range lies behind those added before."""
        if first < end:
            self._ranges.append((first, end))
            self.count += end - first

    def take(self, number: int) -> bool:
        """True when it was missing, and now is not."""
        place = bisect_right(self._ranges, number, key=itemgetter(0)) - 1
        if place < 0 or number >= self._ranges[place][1]:
            return False
        first, end = self._ranges[place]
        parts = [(first, number), (number + 1, end)]
        self._ranges[place : place + 1] = [part for part in parts if part[0] < part[1]]
        self.count -= 1
        return True


class Ordered(Account):
    """Of a stream that has no other consumer."""

    def __init__(self, content: Content, stream: Stream, sample: int, arrivals: Arrivals | None) -> None:
        super().__init__(content, stream, sample, arrivals)
        self.next: int = 0
        self._ahead = Ahead(content, stream)
        self._missing = Missing()
        self._pending: tuple[int, int] | None = None
        """A small message that claims another number than its place, and when it came."""

    def take(self, messages: list[bytes], came: Came) -> None:
        first, count = self.next, len(messages)
        expected = self._ahead.run(first, count)
        if self._pending is None and messages == expected:
            self._tally(messages, count, self._due(first, count))
            self.next += count
            if self._arrivals is not None:
                self._arrivals.took_run(first, count, came)
            return
        for place, message in enumerate(messages):
            self._message(message, came.at(place))

    def finish(self, dealt: int) -> None:
        if self._pending is not None:
            number, came_ns = self._pending
            self._pending = None
            self._believe(None if self.next + 1 == dealt else number, came_ns)
        self._missing.add(self.next, dealt)
        self.tally.corrupted += max(0, self.next - dealt)
        self.tally.lost = self._missing.count

    def _tally(self, messages: list[bytes], count: int, checked: int) -> None:
        self.tally.messages += count
        self.tally.checked += checked
        self.tally.message_bytes += self._content.bytes_of(messages)

    def _message(self, message: bytes, came_ns: int) -> None:
        if self._pending is not None:
            self._settle(message)
        if message == self._content.run(self._stream, self.next, 1)[0]:
            self._count(message, self._due(self.next, 1))
            self._believe(self.next, came_ns)
            return
        claim = self._content.claim(message, self._stream, self.next)
        self._count(message, int(claim is not None))
        if claim is not None and not self._content.proves:
            self._pending = claim, came_ns
        else:
            self._believe(claim, came_ns)

    def _count(self, message: bytes, checked: int) -> None:
        self.tally.messages += 1
        self.tally.checked += checked
        self.tally.message_bytes += len(message)

    def _settle(self, message: bytes) -> None:
        """What the message before turns out to be: if this one goes on behind its place, it was damaged on its way."""
        assert self._pending is not None
        number, came_ns = self._pending
        in_place = message == self._content.run(self._stream, self.next + 1, 1)[0]
        self._pending = None
        self._believe(None if in_place else number, came_ns)

    def _believe(self, number: int | None, came_ns: int) -> None:
        if number is None:
            self.tally.corrupted += 1
            self.next += 1
        elif number >= self.next:
            self._missing.add(self.next, number)
            self.next = number + 1
            self._arrived(number, came_ns)
        elif self._missing.take(number):
            self.tally.reordered += 1
            self._arrived(number, came_ns)
        else:
            self.tally.duplicated += 1

    def _arrived(self, number: int, came_ns: int) -> None:
        if self._arrivals is not None:
            self._arrivals.took(number, came_ns)


class Competing(Account):
    """Of one of several consumers of a channel: each sees an increasing part of the numbers.

    seen: a byte for each number, which the parent reads afterwards; null before the window, whose end is proof enough.
    """

    def __init__(
        self,
        content: Content,
        stream: Stream,
        sample: int,
        arrivals: Arrivals | None,
        seen: NDArray[np.uint8] | None,
    ) -> None:
        super().__init__(content, stream, sample, arrivals)
        self._seen = seen

    def take(self, messages: list[bytes], came: Came) -> None:
        if not messages:
            return
        numbers = self._claimed(messages)
        expected = self._content.messages(self._stream, numbers)
        if messages == expected and self._follow(numbers):
            if self._seen is not None:
                self._seen[numbers] = 1
            self.tally.above = int(numbers[-1]) + 1
            self.tally.checked += int(np.count_nonzero(numbers % np.uint64(self._sample) == 0))
            if self._arrivals is not None:
                self._arrivals.took_all(numbers, came)
        else:
            for place, (message, number) in enumerate(zip(messages, numbers.tolist(), strict=True)):
                self._one(message == expected[place], number, came.at(place))
        self.tally.messages += len(messages)
        self.tally.message_bytes += self._content.bytes_of(messages)

    def _claimed(self, messages: list[bytes]) -> NDArray[np.uint64]:
        """The numbers that messages begin with; of one that is too short it is any."""
        heads = b"".join([message[:SEQUENCE_BYTES] for message in messages])
        if len(heads) != SEQUENCE_BYTES * len(messages):
            heads = b"".join([message[:SEQUENCE_BYTES].ljust(SEQUENCE_BYTES) for message in messages])
        return np.frombuffer(heads, dtype="<u8") & np.uint64(NUMBER_MASK)

    def _follow(self, numbers: NDArray[np.uint64]) -> bool:
        """Whether each is above all that came before, and none above what may be."""
        ascends = int(numbers[0]) >= self.tally.above and bool((numbers[1:] > numbers[:-1]).all())
        return ascends and (self._seen is None or int(numbers[-1]) < len(self._seen))

    def _one(self, proved: bool, number: int, came_ns: int) -> None:
        """proved: all of the message is what its number says."""
        if not proved or (self._seen is not None and number >= len(self._seen)):
            self.tally.corrupted += 1
            return
        self.tally.checked += not number % self._sample
        repeated = self._seen is not None and bool(self._seen[number])
        self.tally.duplicated += repeated
        self.tally.reordered += not repeated and number < self.tally.above
        if not repeated:
            self._arrived(number, came_ns)
        if self._seen is not None:
            self._seen[number] = 1
        self.tally.above = max(self.tally.above, number + 1)

    def _arrived(self, number: int, came_ns: int) -> None:
        if self._arrivals is not None:
            self._arrivals.took(number, came_ns)


class Values(Account):
    """Of one of several consumers of messages of 1 to 7 bytes.

    counts: how often each value came, of wider ones their low 16 bits; null before the window.
    """

    def __init__(self, content: SmallContent, stream: Stream, counts: NDArray[np.int64] | None) -> None:
        super().__init__(content, stream, 1, None)
        self._counts = counts

    def take(self, messages: list[bytes], came: Came) -> None:
        size_bytes = self._content.largest_bytes
        whole = [message for message in messages if len(message) == size_bytes]
        self.tally.messages += len(messages)
        self.tally.message_bytes += sum(map(len, messages))
        self.tally.corrupted += len(messages) - len(whole)
        self.tally.checked += len(whole)
        if self._counts is None or not whole:
            return
        padded = b"".join(map(bytes.ljust, whole, repeat(8), repeat(b"\0")))
        values = np.frombuffer(padded, dtype="<u8")
        self._counts += np.bincount(values & np.uint64(len(self._counts) - 1), minlength=len(self._counts))
        self.tally.value_sum = (self.tally.value_sum + int(mixed_all(values).sum())) & ((1 << 64) - 1)
