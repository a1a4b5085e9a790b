"""What was made with effort and is wanted again: kept up to a bounded weight, the most recently used longest.

1. A thing is made once, however many ask for it at the same time; the others wait for it.
2. What fails is not kept: who asks again has it made again.
"""

from __future__ import annotations

__all__ = ["Bounded"]

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Thing = TypeVar("Thing")


class Bounded(Generic[Key, Thing]):
    """Safe for threads. high_bytes: of everything kept, as ``weight`` says it."""

    def __init__(self, high_bytes: int, weight: Callable[[Thing], int]) -> None:
        self._high_bytes = high_bytes
        self._weight = weight
        self._held: OrderedDict[Key, tuple[Thing, int]] = OrderedDict()
        self._being_made: dict[Key, Future[Thing]] = {}
        self._held_bytes = 0
        self._lock = Lock()

    def find(self, key: Key) -> Thing | None:
        """What is kept, without waiting for what is being made."""
        with self._lock:
            if key not in self._held:
                return None
            self._held.move_to_end(key)
            return self._held[key][0]

    def get(self, key: Key, make: Callable[[], Thing]) -> Thing:
        """Raises: what ``make`` does, to everybody who waits for it."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key][0]
            awaited = self._being_made.get(key)
            if awaited is None:
                mine = self._being_made[key] = Future()
        return awaited.result() if awaited is not None else self._made(key, make, mine)

    def _made(self, key: Key, make: Callable[[], Thing], told: Future[Thing]) -> Thing:
        try:
            thing = make()
        except BaseException as error:
            with self._lock:
                del self._being_made[key]
            told.set_exception(error)
            raise
        with self._lock:
            del self._being_made[key]
            self._keep(key, thing)
        told.set_result(thing)
        return thing

    def _keep(self, key: Key, thing: Thing) -> None:
        weight = self._weight(thing)
        if weight > self._high_bytes:
            return
        self._held[key] = thing, weight
        self._held_bytes += weight
        while self._held_bytes > self._high_bytes:
            _, (_, freed) = self._held.popitem(last=False)
            self._held_bytes -= freed
