"""What consumers that compete have seen, all together: only then what is missing shows, and what came twice."""

from __future__ import annotations

__all__ = ["Coverage", "Differences", "compare_values", "lay_over"]

from collections.abc import Sequence
from dataclasses import dataclass
from mmap import mmap

import numpy as np

from queuemark.runners.python.content import mixed_all
from queuemark.runners.python.found import Tally, value_entries
from queuemark.runners.python.numbering import WORD_MASK

Buffer = mmap | bytes | bytearray


@dataclass(frozen=True)
class Coverage:
    """What all consumers' marks say together. beyond: numbers that nobody sent; seen_before: by consumer."""

    beyond: int
    seen_before: list[int]


@dataclass(frozen=True)
class Differences:
    """Values that came too seldom and too often, by how much; only_sum: nothing differs but the sum of all of them."""

    missing: int
    surplus: int
    only_sum: bool


def lay_over(kept: Sequence[Buffer], sent: int, above: int) -> Coverage:
    """What each consumer marked of the numbers below ``sent``; no mark is made from ``above`` on."""
    union = np.zeros(sent, dtype=np.uint8)
    seen_before, beyond = [], 0
    for of_one in (np.frombuffer(each, dtype=np.uint8) for each in kept):
        seen_before.append(int(np.count_nonzero(union & of_one[:sent])))
        union |= of_one[:sent]
        beyond += int(np.count_nonzero(of_one[sent:above]))
    return Coverage(beyond, seen_before)


def compare_values(kept: Sequence[Buffer], tallies: Sequence[Tally], size_bytes: int, sent: int) -> Differences:
    """How often each value came, by what each consumer counted, against how often it was sent."""
    entries = value_entries(size_bytes)
    counts = [np.frombuffer(each, dtype=np.int64)[:entries] for each in kept]
    expected = np.full(entries, sent // entries)
    expected[: sent % entries] += 1
    difference = sum(counts, start=np.zeros(entries, dtype=np.int64)) - expected
    missing = -int(difference[difference < 0].sum())
    surplus = int(difference[difference > 0].sum())
    value_sum = sum(tally.value_sum for tally in tallies) & WORD_MASK
    return Differences(missing, surplus, missing == surplus == 0 and value_sum != _value_sum(size_bytes, sent))


def _value_sum(size_bytes: int, sent: int) -> int:
    """Numbers repeat after 2^(8 * size); whole rounds are counted once and multiplied."""
    rounds, rest = divmod(sent, 1 << (8 * size_bytes))
    whole = rounds * _sum_below(1 << (8 * size_bytes)) if rounds else 0
    return (whole + _sum_below(rest)) & WORD_MASK


def _sum_below(end: int) -> int:
    step = 1 << 20
    parts = (np.arange(first, min(end, first + step), dtype=np.uint64) for first in range(0, end, step))
    return sum(int(mixed_all(part).sum()) for part in parts)
