"""What the hardware counted while messages moved, and why it did not where it did not."""

from __future__ import annotations

__all__ = ["Counters"]

import msgspec

from queuemark.model.units import Count


class Counters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Sums over the workers, of the window alone; an event that not every worker could count is null.

    cache_references, cache_misses: of the last level, as the processor's maker defines them.
    user_only: what the kernel did is not in it. reason: why something is missing, and what to do about it.
    enabled_ns, running_ns: how long the workers were to be counted, and how long they were. Where others needed the
    counters, too, the latter is less, and the counts are reckoned up by that share.

    Source: perf_event_open(2).
    """

    cycles: Count | None = None
    instructions: Count | None = None
    cache_references: Count | None = None
    cache_misses: Count | None = None
    user_only: bool = False
    enabled_ns: Count = 0
    running_ns: Count = 0
    reason: str | None = None

    @property
    def counted_share(self) -> float | None:
        """Of the time in which it was to be counted, the share in which it was; null where nothing was."""
        return self.running_ns / self.enabled_ns if self.enabled_ns else None
