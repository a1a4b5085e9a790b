"""What the machine does beside a trial: read before it begins and after it has ended, outside of its window.

Each reading takes a fraction of a millisecond.
"""

from __future__ import annotations

__all__ = ["Surroundings"]

import resource
from collections.abc import Iterable
from pathlib import Path

from queuemark.measure.machine import ROOT, allowed_cpus, cpu_times, frequencies_hz, governor, load_1min
from queuemark.model.conditions import Conditions


class Surroundings:
    """Made before a trial, asked after it; in between all children of this process belong to the trial."""

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root
        self._times = cpu_times(root)
        self._own_ns = _own_cpu_ns()

    def steal_ns(self) -> int:
        """Time that the hypervisor took from all cpus since then."""
        return max(0, cpu_times(self._root).steal_ns - self._times.steal_ns)

    def conditions(self, cpus: Iterable[int] | None = None) -> Conditions:
        """cpus: whose frequency counts; all that this process may use unless given."""
        frequencies = frequencies_hz(allowed_cpus() if cpus is None else cpus, self._root)
        return Conditions(
            load_1min=load_1min(self._root),
            governor=governor(self._root),
            frequency_low_hz=min(frequencies, default=None),
            frequency_high_hz=max(frequencies, default=None),
            others_cpu_ns=self._others_cpu_ns(),
        )

    def _others_cpu_ns(self) -> int | None:
        times = cpu_times(self._root)
        if not times.all_ns:
            return None
        return max(0, times.busy_ns - self._times.busy_ns - (_own_cpu_ns() - self._own_ns))


def _own_cpu_ns() -> int:
    """Of this process, and of all its children that have ended, theirs included."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return round(sum(each.ru_utime + each.ru_stime for each in used) * 1e9)
