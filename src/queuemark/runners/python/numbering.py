"""Which message is which: phases, streams, and the numbers in them.

Nothing here needs numpy: the runner's parent does without it, since it takes longer to import than a role to start.
"""

from __future__ import annotations

__all__ = ["WORD_MASK", "Dealing", "Phase", "Stream", "mixed"]

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WORD_MASK = (1 << 64) - 1


class Phase(IntEnum):
    """Each has content of its own: what is left over from one is not taken for another one's."""

    probe = 0
    warmup = 1
    window = 2


def mixed(value: int) -> int:
    """A bijection of 64 bits that spreads every bit.

    Source: the finaliser of SplitMix64; Steele, Lea, Flood, OOPSLA 2014.
    """
    value = (value + 0x9E3779B97F4A7C15) & WORD_MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & WORD_MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & WORD_MASK
    return value ^ (value >> 31)


@dataclass(frozen=True)
class Dealing:
    """Which of all messages one of a stream is, where they are dealt in turns."""

    stream: int = 0
    streams: int = 1
    deal_items: int = 1

    def place(self, number: int) -> int:
        turn, place = divmod(number, self.deal_items)
        return (turn * self.streams + self.stream) * self.deal_items + place

    def places(self, numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Of each of them."""
        if self.streams == 1:
            return numbers
        turns, places = divmod(numbers, self.deal_items)
        return (turns * self.streams + self.stream) * self.deal_items + places


@dataclass(frozen=True)
class Stream:
    """One numbering of messages in one phase. salt: what its messages have in common."""

    dealing: Dealing
    salt: int

    @classmethod
    def of(cls, seed: int, dealing: Dealing, phase: Phase) -> Stream:
        return cls(dealing, mixed(seed ^ mixed((dealing.stream << 8) | phase)))
