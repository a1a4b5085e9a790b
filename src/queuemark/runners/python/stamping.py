"""When messages are due, and when those that are stamped were sent.

1. Of a stream's messages one in ``every`` has the time of its sending written down before it is sent. Its receiver
   reads the clock when that message has come, and looks the time up by the message's number.
2. The clock is CLOCK_MONOTONIC, one for all processes of a machine.
"""

from __future__ import annotations

__all__ = ["Schedule", "Stamping", "now_ns"]

import math
import time
from dataclasses import dataclass

from queuemark.runners.python.options import Options
from queuemark.runners.python.shared import Board, Memory

now_ns = time.monotonic_ns

_EVERY = 128
"""Reading the clock and writing a time down cost about as much as a message of the fastest mechanism."""

_STAMPS_PER_S = 1e6


@dataclass(frozen=True)
class Schedule:
    """Message n of a paced trial is due n / rate after the opening."""

    rate_per_s: float

    def due_ns(self, number: int) -> int:
        return int(number * 1e9 / self.rate_per_s)

    @property
    def interval_high_ns(self) -> int:
        return int(1e9 / self.rate_per_s) + 1


class Stamping:
    """What the ends of one trial agree on to time messages. every: one in so many of a stream has its time noted."""

    def __init__(self, options: Options) -> None:
        self.schedule = None if options.rate_per_s is None else Schedule(options.rate_per_s)
        self.every = options.stamp_every or self._chosen(options)
        self._memory = Memory(Board.BYTES * options.streams)

    @staticmethod
    def _chosen(options: Options) -> int:
        if options.rate_per_s is None:
            return _EVERY
        # Paced messages are stamped each, as far as that is no part of what they cost.
        return 1 << math.ceil(math.log2(max(1.0, options.rate_per_s / _STAMPS_PER_S)))

    @staticmethod
    def possible(options: Options) -> bool:
        """Whether a consumer knows the number of what it gets."""
        return not (options.competing and options.bare_values)

    def board(self, stream: int) -> Board:
        return Board(self._memory.words(), stream)
