"""What roles find, and report to the runner."""

from __future__ import annotations

__all__ = ["Received", "Sent", "Tally", "Used", "value_entries"]

from dataclasses import dataclass

from queuemark.model.latency import Histogram


@dataclass(frozen=True)
class Used:
    cpu_ns: int
    switches_voluntary: int
    switches_involuntary: int
    peak_memory_bytes: int


@dataclass(frozen=True)
class Sent:
    """What the producer did in the window. before_window: messages of the probe and the warm-up.

    pacing: of a paced trial, by how much the stamped messages were sent too late.
    """

    messages: int
    before_window: int
    calls: int
    bytes: int
    last_ns: int
    used: Used
    pacing: Histogram | None


@dataclass
class Tally:
    """What a consumer found in one phase. messages: arrived, in whatever state. above: all numbers were below that.

    value_sum: of competing messages under 8 bytes, the sum of their mixed values.
    """

    messages: int = 0
    message_bytes: int = 0
    duplicated: int = 0
    reordered: int = 0
    corrupted: int = 0
    lost: int = 0
    checked: int = 0
    above: int = 0
    value_sum: int = 0

    @property
    def clean(self) -> bool:
        return not (self.duplicated or self.reordered or self.corrupted or self.lost)


@dataclass(frozen=True)
class Received:
    """What a consumer found in the window. before_window: messages of the probe and the warm-up.

    clean_before: nothing was wrong with these. early: it was told the end before the producer made it.
    """

    tally: Tally
    before_window: int
    clean_before: bool
    early: bool
    calls: int
    last_ns: int
    used: Used
    missed: int
    latency: Histogram
    raw: Histogram


def value_entries(size_bytes: int) -> int:
    """How many counts of values stand for messages under 8 bytes: wider ones are counted by their low 16 bits."""
    return 256 if size_bytes == 1 else 1 << 16
