"""How long messages took: what a consumer measures, and the histograms of that (M9, M10).

A paced message's latency counts from when it was due; each has one. That from its actual sending stands beside it.
"""

from __future__ import annotations

__all__ = ["Arrivals", "Came", "Times"]

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from queuemark.model.histogram import of_counts
from queuemark.model.latency import BUCKETS, BUCKETS_HIGH_NS, Histogram
from queuemark.runners.python.numbering import Dealing
from queuemark.runners.python.stamping import Stamping

_HELD_HIGH = 4096


class Times:
    """Durations in nanoseconds, counted in the buckets of model.histogram."""

    def __init__(self) -> None:
        self._held: list[int] = []
        self._counts: NDArray[np.int64] | None = None
        self.samples = self._sum_ns = self._most_ns = 0
        self._least_ns = 1 << 62

    def add(self, time_ns: int) -> None:
        self._held.append(time_ns)
        if len(self._held) >= _HELD_HIGH:
            self._count()

    def histogram(self) -> Histogram:
        self._count()
        if self._counts is None:
            return Histogram()
        held = np.flatnonzero(self._counts)
        by_bucket = dict(zip(held.tolist(), self._counts[held].tolist(), strict=True))
        return of_counts(by_bucket, min_ns=self._least_ns, max_ns=self._most_ns, sum_ns=self._sum_ns)

    def _count(self) -> None:
        if not self._held:
            return
        times_ns = np.maximum(np.array(self._held, dtype=np.int64), 0)
        self._held.clear()
        if self._counts is None:
            self._counts = np.zeros(BUCKETS, dtype=np.int64)
        self._counts += np.bincount(_buckets(times_ns), minlength=BUCKETS)
        self.samples += len(times_ns)
        self._sum_ns += int(times_ns.sum())
        self._least_ns = min(self._least_ns, int(times_ns.min()))
        self._most_ns = max(self._most_ns, int(times_ns.max()))


def _buckets(times_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """model.histogram.bucket_of, for each of them."""
    held_ns = np.minimum(times_ns, BUCKETS_HIGH_NS)
    shifts = np.maximum(0, np.frexp(held_ns.astype(np.float64))[1].astype(np.int64) - 11)
    return np.where(held_ns < 2048, held_ns, (shifts + 1) * 1024 + (held_ns >> shifts) - 1024)


@dataclass(frozen=True)
class Came:
    """When the messages of a batch came: some by the clock, the others not before those and by last_ns."""

    noted: Mapping[int, int]
    last_ns: int

    def at(self, place: int) -> int:
        return self.noted.get(place, self.last_ns)


@dataclass
class Arrivals:
    """A consumer's side: what it measures of messages that came for the first time.

    latency: from when they were due where they are paced, else from when they were sent. raw: of paced ones, from when
    they were sent. missed: whose time was written over before they came.
    """

    stamping: Stamping | None
    dealing: Dealing
    opened_ns: int = 0
    missed: int = 0
    latency: Times = field(default_factory=Times)
    raw: Times = field(default_factory=Times)

    def __post_init__(self) -> None:
        self._board = self.stamping.board(self.dealing.stream) if self.stamping is not None else None
        self._schedule = self.stamping.schedule if self.stamping is not None else None

    @property
    def paced(self) -> bool:
        """Whether every message has a latency."""
        return self._schedule is not None

    def until_stamped(self, number: int) -> int | None:
        """How many messages are before the next one that has its time noted: 0 when it is this one; None: never."""
        return None if self.stamping is None else -number % self.stamping.every

    def took(self, number: int, came_ns: int) -> None:
        """One message, which came at that time."""
        if self.stamping is None or self._board is None:
            return
        elapsed_ns = came_ns - self.opened_ns
        if self._schedule is not None:
            self.latency.add(elapsed_ns - self._schedule.due_ns(self.dealing.place(number)))
        ordinal, rest = divmod(number, self.stamping.every)
        if rest:
            return
        sent_ns = self._board.read(ordinal)
        if sent_ns is None:
            self.missed += 1
        else:
            (self.raw if self.paced else self.latency).add(elapsed_ns - sent_ns)

    def took_run(self, first: int, count: int, came: Came) -> None:
        """Messages that follow each other; only those are looked at that have a latency."""
        if self.stamping is None:
            return
        every = 1 if self.paced else self.stamping.every
        for number in range(first + -first % every, first + count, every):
            self.took(number, came.at(number - first))

    def took_all(self, numbers: NDArray[np.uint64], came: Came) -> None:
        """Messages of these numbers, in the order in which they came."""
        if self.stamping is None:
            return
        every = 1 if self.paced else self.stamping.every
        for place in np.flatnonzero(numbers % np.uint64(every) == 0).tolist():
            self.took(int(numbers[place]), came.at(place))
