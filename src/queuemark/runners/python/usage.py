"""What a role cost between two instants: processor time, switches, memory."""

from __future__ import annotations

__all__ = ["Usage", "UsageOf"]

import resource
import time
from typing import Literal

from queuemark.runners.python.found import Used

UsageOf = Literal["process", "thread", "none"]


class Usage:
    """From now on. of: a role that is a process, a thread, or one of several that share a thread (none).

    with_memory: whether the peak of its process is this role's to tell.
    """

    def __init__(self, of: UsageOf, *, with_memory: bool) -> None:
        self._of, self._with_memory = of, with_memory
        self._cpu_ns, self._switches = self._now()

    def used(self) -> Used:
        cpu_ns, switches = self._now()
        voluntary, involuntary = (now - then for now, then in zip(switches, self._switches, strict=True))
        return Used(cpu_ns - self._cpu_ns, voluntary, involuntary, self._peak_memory_bytes())

    def _now(self) -> tuple[int, tuple[int, int]]:
        if self._of == "none":
            return 0, (0, 0)
        threaded = self._of == "thread"
        spent = resource.getrusage(resource.RUSAGE_THREAD if threaded else resource.RUSAGE_SELF)
        cpu_ns = time.thread_time_ns() if threaded else time.process_time_ns()
        return cpu_ns, (spent.ru_nvcsw, spent.ru_nivcsw)

    def _peak_memory_bytes(self) -> int:
        return 0 if not self._with_memory else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
