"""multiprocessing.shared_memory with a ring written by hand: what a person writes who wants no pickle and no pipe.

A ring has one writer and one reader. Each keeps a count in the shared memory, slots published and slots released, and
looks at the other's again and again, sleeping a moment after some looks in vain. A count is eight bytes, stored at once
by a memoryview; the interpreter's own work between two stores keeps their order on the processors that keep it for
stores (x86), and there alone.
"""

from __future__ import annotations

__all__ = ["SharedMemoryRing"]

import os
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from struct import Struct

from queuemark.model.transport import Param, ParamValue
from queuemark.runners.python.transport import Case, Receive, Send, Transport, Unavailable

_LENGTH = Struct("<I")
_PLACE = Path("/dev/shm")
_COUNTS_BYTES = 256
_PUBLISHED, _RELEASED = 0, 16
"""Words, on cache lines of their own."""

_RING_HIGH_BYTES = 64 << 20
_LOOKS, _NAP_S = 100, 20e-6

SLOTS = Param(
    name="slots", unit="items", default=1024, low=1, high=65_536, help="messages that a ring holds, fewer of large ones"
)


class SharedMemoryRing(Transport):
    """A ring for each consumer."""

    name = "shared-memory"
    summary = "multiprocessing.shared_memory with a ring written in Python, one a consumer"
    dispatch = "deal"
    frame_bytes = _LENGTH.size
    params = (SLOTS,)

    def __init__(self, case: Case) -> None:
        self.slot_bytes = _LENGTH.size + case.largest_bytes
        self.slots = max(1, min(case.number("slots"), _RING_HIGH_BYTES // self.slot_bytes))
        size_bytes = _COUNTS_BYTES + self.slots * self.slot_bytes
        self.rings: list[SharedMemory] = []
        try:
            for _ in range(case.consumers):
                self.rings.append(SharedMemory(create=True, size=size_bytes))
                _reserve(self.rings[-1])
        except OSError as error:
            self.forget()
            raise Unavailable(
                f"a ring of {size_bytes} bytes for each consumer has no room in {_PLACE}: {error.strerror}",
                f"take fewer slots, such as -P slots=16, or smaller messages, or enlarge {_PLACE}",
            ) from error

    @classmethod
    def missing(cls) -> Unavailable | None:
        if platform.machine() in ("x86_64", "AMD64", "i686"):
            return super().missing()
        reason = f"stores on {platform.machine()} may be seen in another order, and Python has no barrier"
        return Unavailable(reason, "take mp-pipe-bytes, or the native shm-ring")

    def granted(self) -> dict[str, ParamValue]:
        return {"slots": self.slots}

    def forget(self) -> None:
        for ring in vars(self).get("rings", []):
            with suppress(FileNotFoundError):
                ring.unlink()
        super().forget()

    def open_producer(self) -> list[Send]:
        return [self._sending(ring) for ring in self.rings]

    def open_consumer(self, index: int) -> Receive:
        return self._receiving(self.rings[index])

    def _sending(self, ring: SharedMemory) -> Send:
        memory = _mapped(ring)
        counts, slots, slot_bytes = memory[:_COUNTS_BYTES].cast("Q"), self.slots, self.slot_bytes
        pack, head_bytes = _LENGTH.pack_into, _LENGTH.size
        published = released = 0

        def send(message: bytes) -> None:
            nonlocal published, released
            if published - released == slots:
                released = _changed(lambda: counts[_RELEASED], released)
            at = _COUNTS_BYTES + published % slots * slot_bytes
            pack(memory, at, len(message))
            memory[at + head_bytes : at + head_bytes + len(message)] = message
            published += 1
            counts[_PUBLISHED] = published

        return send

    def _receiving(self, ring: SharedMemory) -> Receive:
        memory = _mapped(ring)
        counts, slots, slot_bytes = memory[:_COUNTS_BYTES].cast("Q"), self.slots, self.slot_bytes
        unpack, head_bytes = _LENGTH.unpack_from, _LENGTH.size
        published = released = 0

        def receive() -> bytes:
            nonlocal published, released
            if published == released:
                published = _changed(lambda: counts[_PUBLISHED], published)
            at = _COUNTS_BYTES + released % slots * slot_bytes
            begin = at + head_bytes
            message = bytes(memory[begin : begin + unpack(memory, at)[0]])
            released += 1
            counts[_RELEASED] = released
            return message

        return receive


def _reserve(ring: SharedMemory) -> None:
    """Takes all of its pages now: one that cannot be had later kills whoever touches it.

    Raises: OSError.
    """
    with (_PLACE / ring.name).open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, ring.size)


def _mapped(ring: SharedMemory) -> memoryview[int]:
    assert ring.buf is not None, "it is mapped until it is closed"
    return ring.buf


def _changed(look: Callable[[], int], known: int) -> int:
    """Waits until the other end's count is another one."""
    while True:
        for _ in range(_LOOKS):
            count = look()
            if count != known:
                return count
        time.sleep(_NAP_S)
