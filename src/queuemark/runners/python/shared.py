"""The memory that the roles of one trial share: where they are, how far they got, what they must agree on.

1. It is anonymous (memfd): it has no name, so nothing stays behind.
2. A role owns its slot and only stores to it; the parent only loads. Every word is stored and loaded whole.
3. Waiting is for events: a role sleeps in a semaphore until another one lets it through.
"""

from __future__ import annotations

__all__ = ["Board", "Gate", "Memory", "Shared"]

import mmap
import os
from typing import Any

from queuemark.runners.python.numbering import Phase
from queuemark.runners.python.transport import Descriptor

_IN_WINDOW = 1 << 62
_SLOT_WORDS = 16
"""A slot has cache lines of its own (two, since cores fetch lines in pairs)."""

_PROGRESS, _OFFERED, _FAULT_MADE, _FAULT_MESSAGE, _ARRIVED = range(5)
_STOP, _OPENED_NS, _ENDING, _DEALT = range(4)


class Memory:
    """Zeroed memory that goes along to roles. Pages are taken as they are touched."""

    def __init__(self, size_bytes: int) -> None:
        self._size_bytes = max(1, size_bytes)
        self._descriptor = Descriptor(os.memfd_create("queuemark-trial", os.MFD_CLOEXEC))
        os.ftruncate(self._descriptor.number, self._size_bytes)
        self._map()

    def _map(self) -> None:
        self.bytes = mmap.mmap(self._descriptor.number, self._size_bytes)

    def words(self) -> memoryview[int]:
        return memoryview(self.bytes).cast("B")[: self._size_bytes // 8 * 8].cast("q")

    def __getstate__(self) -> tuple[int, Descriptor]:
        return self._size_bytes, self._descriptor

    def __setstate__(self, state: tuple[int, Descriptor]) -> None:
        self._size_bytes, self._descriptor = state
        self._map()


class Gate:
    """A semaphore in an eventfd, which both a role that blocks and an event loop can wait for."""

    def __init__(self) -> None:
        self._descriptor = Descriptor(os.eventfd(0, os.EFD_CLOEXEC | os.EFD_SEMAPHORE))

    def open(self, times: int = 1) -> None:
        """Lets so many through."""
        os.eventfd_write(self._descriptor.number, times)

    def pass_through(self) -> None:
        """Waits until let through."""
        os.eventfd_read(self._descriptor.number)

    def fileno(self) -> int:
        return self._descriptor.number


class Shared:
    """Of one trial. Worker 0 is the producer, worker i + 1 is consumer i."""

    def __init__(self, consumers: int, streams: int) -> None:
        self.consumers, self.streams = consumers, streams
        self._memory = Memory(8 * (_SLOT_WORDS * (consumers + 1) + _DEALT + streams))
        self.opened = Gate()
        """Tells the producer that a consumer has opened its end."""
        self.go = {phase: Gate() for phase in (Phase.warmup, Phase.window)}
        """Lets competing consumers into a phase; one for each, so that a quick one takes no other's turn."""
        self.done = Gate()
        """Tells the producer that a consumer has come to the end of a phase."""
        self.stage = Gate()
        """Tells the parent that the producer has come to its next stage."""
        self._words = self._memory.words()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_words"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._words = self._memory.words()

    def arrive(self, worker: int) -> None:
        """The worker has opened its end."""
        self._words[_SLOT_WORDS * worker + _ARRIVED] = 1
        if worker:
            self.opened.open()

    def all_arrived(self) -> bool:
        return all(self._words[_SLOT_WORDS * worker + _ARRIVED] for worker in range(self.consumers + 1))

    def publish(self, worker: int, messages: int, phase: Phase) -> None:
        """Messages of the present phase so far."""
        self._words[_SLOT_WORDS * worker + _PROGRESS] = messages | (_IN_WINDOW if phase is Phase.window else 0)

    def in_window(self, worker: int) -> int:
        """Messages of the window so far."""
        progress = self._words[_SLOT_WORDS * worker + _PROGRESS]
        return progress ^ _IN_WINDOW if progress & _IN_WINDOW else 0

    def before_window(self, worker: int) -> int:
        """Messages of a phase before the window, for a worker that is still there."""
        progress = self._words[_SLOT_WORDS * worker + _PROGRESS]
        return 0 if progress & _IN_WINDOW else progress

    def delivered(self) -> int:
        """Messages of the window that consumers have taken."""
        return sum(map(self.in_window, range(1, self.consumers + 1)))

    def moved(self) -> tuple[int, ...]:
        """Something that differs whenever anything has moved."""
        slots = range(0, _SLOT_WORDS * (self.consumers + 1), _SLOT_WORDS)
        words = self._words
        return (*(words[slot + _PROGRESS] + words[slot + _ARRIVED] for slot in slots), words[_OFFERED])

    def offer(self, messages: int) -> None:
        """A paced producer has sent so many: a consumer that takes them in batches is no standstill."""
        self._words[_OFFERED] = messages

    def own_to_fault(self, worker: int, message: int) -> None:
        slot = _SLOT_WORDS * worker
        self._words[slot + _FAULT_MESSAGE] = message
        self._words[slot + _FAULT_MADE] = 1

    def fault_of(self, worker: int) -> int | None:
        """The message at which the worker made the fault that was asked for, or None."""
        slot = _SLOT_WORDS * worker
        return self._words[slot + _FAULT_MESSAGE] if self._words[slot + _FAULT_MADE] else None

    def _control(self, word: int) -> int:
        return _SLOT_WORDS * (self.consumers + 1) + word

    @property
    def stopped(self) -> bool:
        return bool(self._words[self._control(_STOP)])

    def stop(self) -> None:
        self._words[self._control(_STOP)] = 1

    @property
    def opened_ns(self) -> int:
        """When the window opened; 0 as long as it has not."""
        return self._words[self._control(_OPENED_NS)]

    def open_window(self, now_ns: int) -> None:
        self._words[self._control(_OPENED_NS)] = now_ns

    @property
    def ending(self) -> bool:
        """Whether all is sent and the end of the streams comes next."""
        return bool(self._words[self._control(_ENDING)])

    def end(self) -> None:
        self._words[self._control(_ENDING)] = 1

    def dealt(self, stream: int) -> int:
        """Messages of the window that the producer gave to a stream and the mechanism accepted."""
        return self._words[self._control(_DEALT) + stream]

    def deal(self, stream: int, messages: int) -> None:
        self._words[self._control(_DEALT) + stream] = messages


_TIME_BITS = 48
_TIME_MASK = (1 << _TIME_BITS) - 1
_TAG_MASK = (1 << 15) - 1


class Board:
    """When stamped messages of one stream were sent: so many of the last ones, by their ordinal.

    A word holds 48 bits of nanoseconds since the opening and a tag of the round, so that a time that was written over
    is not taken for the message's own.
    """

    ENTRIES = 1 << 14
    BYTES = 8 * ENTRIES

    def __init__(self, words: memoryview[int], stream: int) -> None:
        self._words = words[stream * self.ENTRIES : (stream + 1) * self.ENTRIES]

    def write(self, ordinal: int, sent_ns: int) -> None:
        self._words[ordinal % self.ENTRIES] = self._tag(ordinal) | sent_ns

    def read(self, ordinal: int) -> int | None:
        """None when it is another one's by now."""
        word = self._words[ordinal % self.ENTRIES]
        return word & _TIME_MASK if word & ~_TIME_MASK == self._tag(ordinal) else None

    def _tag(self, ordinal: int) -> int:
        """Never that of an entry that nobody has written yet."""
        return ((ordinal // self.ENTRIES % _TAG_MASK) + 1) << _TIME_BITS
