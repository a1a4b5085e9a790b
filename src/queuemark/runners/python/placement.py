"""Which cpus a role runs on."""

from __future__ import annotations

__all__ = ["allowed_cpus", "cpus_of", "crowded", "pin"]

import os
from collections.abc import Sequence


def allowed_cpus() -> tuple[int, ...]:
    return tuple(sorted(os.sched_getaffinity(0)))


def cpus_of(worker: int, placement: str, allowed: Sequence[int]) -> list[int]:
    """Of ``spread`` one after the other, of ``same`` the first; of ``free`` none is said."""
    if placement == "free":
        return []
    return [allowed[worker % len(allowed) if placement == "spread" else 0]]


def crowded(workers: int, placement: str, allowed: Sequence[int]) -> bool:
    """Whether workers wait for each other's cpu."""
    return placement == "same" or workers > len(allowed)


def pin(cpus: Sequence[int]) -> None:
    """The calling thread."""
    if cpus:
        os.sched_setaffinity(0, cpus)
