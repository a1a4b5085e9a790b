"""How long a session will take: guessed from typical rates before it begins, corrected by what trials took.

1. There is an answer from the start; it promises no more than its order of magnitude.
2. Each transport is corrected by its own finished trials; one without any, by those of all.
3. Guesses order nothing and are never stored: they are for the person who waits.
"""

from __future__ import annotations

__all__ = ["Outlook", "typical_s"]

from collections import defaultdict
from collections.abc import Iterable
from math import log2

from queuemark.model.plan import Case
from queuemark.model.workload import Workload, policy_name

_AROUND_S, _CONSUMER_S = 0.06, 0.004
"""Outside the window: a process tree to start and to end, and each consumer's part of it."""

_OF_RUNTIME_S = {"python": (0.5, 0.15)}
"""The same where each of the tree is a fresh interpreter with what it imports."""

_MESSAGE_NS = {"tcp": 2500, "unix-stream": 2500, "unix-dgram": 3400, "udp": 6000, "mq-posix": 2600, "pipe": 900}
_MESSAGE_OTHER_NS = 3000
_BYTE_NS = 0.8
"""A message that has a call of its own. Source: two virtual cores of a server, blocking waits, 64 B to 4 KiB."""

_GATHERED_NS = 40
_GATHERED = ("buffer", "vector")
_PACKETS = ("udp", "unix-dgram", "unix-seqpacket")
"""A vector spares these the calls, which are not what they cost."""

_WAKE_NS = {"spread": 40_000, "free": 25_000, "same": 4_000}
"""By placement: until a blocking process runs that is waited for, which a round trip takes twice. Source: as above."""

_COMPETING = 0.35
"""What each doubling of competing consumers adds, as a share: their wake-ups get in each other's way."""


def typical_s(case: Case) -> float:
    """Seconds that a trial of the case typically takes, its start and end included."""
    load = case.workload
    sending_s = load.duration_s if load.duration_s is not None else (load.items or 0) * _interval_ns(case) / 1e9
    around_s, consumer_s = _OF_RUNTIME_S.get(case.runtime, (_AROUND_S, _CONSUMER_S))
    return around_s + consumer_s * load.consumers + load.warmup_s + sending_s


def _interval_ns(case: Case) -> float:
    """From one message to the next: as it is offered, or as it is taken, whichever is slower."""
    offered_per_s = case.workload.rate_per_s
    return _message_ns(case) if offered_per_s is None else max(1e9 / offered_per_s, _message_ns(case))


def _message_ns(case: Case) -> float:
    load = case.workload
    own_ns = _MESSAGE_NS.get(case.transport, _MESSAGE_OTHER_NS) * (2 if load.policy == "split" else 1)
    gathered = policy_name(load.policy) in _GATHERED and case.transport not in _PACKETS
    base_ns = _GATHERED_NS if gathered else own_ns * _contention(load)
    if load.pattern == "pingpong":
        wake_ns = 0 if load.wait == "spin" else _WAKE_NS.get(load.placement, 0)
        return 2 * (base_ns + _BYTE_NS * load.mean_bytes + wake_ns / load.in_flight)
    return (base_ns + _BYTE_NS * load.mean_bytes) * load.copies


def _contention(load: Workload) -> float:
    return 1 + _COMPETING * log2(max(1, load.consumers)) if load.dispatch == "compete" else 1.0


class Outlook:
    """What is left of a list of trials; cases: one entry a trial that is yet to run."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._left_s: defaultdict[str, float] = defaultdict(float)
        self._guessed_s: defaultdict[str, float] = defaultdict(float)
        self._took_s: defaultdict[str, float] = defaultdict(float)
        for case in cases:
            self._left_s[case.transport] += typical_s(case)

    def finished(self, case: Case, took_s: float) -> None:
        """A trial of the case is through."""
        guess_s = typical_s(case)
        self._left_s[case.transport] -= guess_s
        self._guessed_s[case.transport] += guess_s
        self._took_s[case.transport] += took_s

    def passed_over(self, case: Case) -> None:
        """A trial of the case is not run after all."""
        self._left_s[case.transport] -= typical_s(case)

    def left_s(self) -> float:
        """Seconds to go, the trial that is running counted whole."""
        guessed_s, took_s = sum(self._guessed_s.values()), sum(self._took_s.values())
        overall = took_s / guessed_s if guessed_s else 1.0
        return sum(max(0.0, left_s) * self._ratio(name, overall) for name, left_s in self._left_s.items())

    def _ratio(self, transport: str, overall: float) -> float:
        guessed_s = self._guessed_s[transport]
        return self._took_s[transport] / guessed_s if guessed_s else overall
