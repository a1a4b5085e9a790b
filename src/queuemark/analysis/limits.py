"""What this machine allows of a case, and how near its result comes (M23).

1. Every constant is a figure of the session's probes; no factor belongs to a transport. What a transport declares is
   which way its messages go, whether one receive takes many, and what stands around a message (model/transport.py).
2. A worker's cost of a message is what writing or comparing it takes, and its calls' way through the kernel under the
   policy in use. Workers on one cpu share it: their costs add up. The cpu that takes longest for a message binds.
3. Two ends on one cpu take turns: to the consumer when the queue is full, and back when it is empty. Otherwise nobody
   sleeps in a limit, and in the kernel everything lies in the core's own cache: wake-ups, switches, waiting for
   each other and what comes from another core keep a result below it. In place, bytes do cross from core to core.
4. A result above its limit by more than 5 % is an error of the model, and is told as one.

Between the sizes that were probed costs are interpolated; beyond them the last slope goes on.
"""

from __future__ import annotations

__all__ = ["BEYOND", "CaseModel", "Side", "case_limit", "case_model"]

from collections.abc import Mapping, Sequence
from operator import itemgetter

import msgspec

from queuemark.model.plan import Case
from queuemark.model.probe import Probes
from queuemark.model.session import CaseResult, Limit
from queuemark.model.transport import Cost, ParamValue
from queuemark.model.trial import Trial
from queuemark.model.workload import policy_name, policy_value

BEYOND = 1.05
"""A share above this is an error of the model; what is below may be the probes' own uncertainty."""

_LENGTH_BYTES = 4


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """What one worker spends on a message that it handles, in ns, and the words for it."""

    name: str
    message_ns: float
    kernel_ns: float
    calls: str

    @property
    def ns(self) -> float:
        return self.message_ns + self.kernel_ns

    @property
    def words(self) -> str:
        return self.calls if self.kernel_ns >= self.message_ns else "the bytes of the message themselves"


class CaseModel(msgspec.Struct, frozen=True, kw_only=True):
    """What a case's messages cost either end. bare: as if calls took as many messages, but none had any bytes."""

    case: Case
    cost: Cost
    probes: Probes
    mechanism: str | None
    bare: bool = False

    def producer(self, cores: str) -> Side | None:
        """For one consumer's copy of a message."""
        load = self.case.workload
        name, value = policy_name(load.policy), policy_value(load.policy)
        size = load.mean_bytes
        frame = size + self.cost.frame_bytes
        if self.mechanism is None:
            return self._in_place("producer", "write", cores)
        message = self._message("write", "one")
        if name == "split":
            parts = [self._path("send", "each", bytes_) for bytes_ in (_LENGTH_BYTES, size)]
            return _side("producer", message, _sum(parts), "2 calls a message")
        if name == "buffer":
            count = max(1, int(value // frame))
            whole = self._path("send", "each", count * frame)
            return _side("producer", message, whole and whole / count, f"1 call for {count} messages")
        each = self._path("send", "each", frame)
        if name == "vector":
            many = self._path("send", "many", frame)
            mixed = many + max(0.0, each - many) / value if many and each else None
            return _side("producer", message, mixed, f"1 call for {value} messages")
        return _side("producer", message, each, "1 call a message")

    def consumer(self, cores: str) -> Side | None:
        if self.mechanism is None:
            return self._in_place("consumer", "compare", cores)
        gathered = self.cost.gathers or policy_name(self.case.workload.policy) == "vector"
        frame = self.case.workload.mean_bytes + self.cost.frame_bytes
        calls = "many" if gathered and self.mechanism != "pipe-packet" else "each"
        words = "1 call for many messages" if calls == "many" else "1 call a message"
        return _side("consumer", self._message("compare", "one"), self._path("receive", calls, frame), words)

    def turns_ns(self, granted: Mapping[str, ParamValue]) -> float:
        """Of a message that both ends handle on one cpu: two wake-ups for as many messages as wait between them."""
        held = granted.get(self.cost.holds or "")
        wake_up_ns = self.probes.value("futex", cores="one")
        if not isinstance(held, int) or held < 1 or wake_up_ns is None:
            return 0.0
        in_bytes = (self.cost.holds or "").endswith("_bytes")
        frame = self.case.workload.mean_bytes + self.cost.frame_bytes
        return 2 * wake_up_ns / max(1.0, held / frame if in_bytes else held)

    def _in_place(self, name: str, side: str, cores: str) -> Side | None:
        return _side(name, self._message(side, cores), 0.0, "no call")

    def _message(self, side: str, cores: str) -> float | None:
        return self.probes.along("bytes", self.case.workload.mean_bytes, "message", side=side, cores=cores)

    def _path(self, side: str, calls: str, bytes_: float) -> float | None:
        known = {"mechanism": self.mechanism or "", "side": side, "calls": calls, "cores": "one"}
        return self.probes.along("bytes", 0 if self.bare else bytes_, "path", **known)


def _side(name: str, message_ns: float | None, kernel_ns: float | None, calls: str) -> Side | None:
    if message_ns is None or kernel_ns is None:
        return None
    return Side(name=name, message_ns=message_ns, kernel_ns=kernel_ns, calls=calls)


def _sum(parts: Sequence[float | None]) -> float | None:
    return None if None in parts else sum(part or 0.0 for part in parts)


def case_limit(result: CaseResult, cost: Cost | None, probes: Probes) -> Limit | None:
    """None where the transport declares no cost, or what it needs was not probed, or nothing was proved."""
    trial = next((trial for trial in result.trials if trial.delivery_proved and trial.producer is not None), None)
    if cost is None or trial is None or result.case.workload.pattern == "pingpong":
        return None
    bound = _bound(case_model(result.case, cost, probes), trial)
    if bound is None:
        return None
    rate_per_s, words = bound
    share = result.rate_per_s.median / rate_per_s if result.rate_per_s else None
    return Limit(rate_per_s=rate_per_s, share=share, bound_by=words, beyond=share is not None and share > BEYOND)


def case_model(case: Case, cost: Cost, probes: Probes) -> CaseModel:
    return CaseModel(case=case, cost=cost, probes=probes, mechanism=_mechanism(case, cost))


def _mechanism(case: Case, cost: Cost) -> str | None:
    """Of the probe ``path``; None where messages go without the kernel."""
    found = cost.mechanism(case.params)
    return "pipe-packet" if found == "pipe" and not case.workload.one_size else found


def _bound(model: CaseModel, trial: Trial) -> tuple[float, str] | None:
    """Messages delivered in sum a second at most, and what binds."""
    producer_cpu = _cpu(trial.producer.cpus if trial.producer else [])
    busy: dict[int | None, list[tuple[float, Side]]] = {}
    spent_by: dict[str, tuple[tuple[float, Side], tuple[float, Side]]] = {}
    for consumer in trial.consumers:
        cpu = _cpu(consumer.cpus)
        cores = "one" if cpu == producer_cpu and cpu is not None else "two"
        if cores not in spent_by:
            both = _spent(model, trial, cores)
            if both is None:
                return None
            spent_by[cores] = both
        sending, taking = spent_by[cores]
        busy.setdefault(producer_cpu, []).append(sending)
        # Who is pinned nowhere has, at best, a cpu of its own.
        busy.setdefault(cpu if cpu is not None else -1 - consumer.index, []).append(taking)
    if not busy:
        return None
    totals_ns = {cpu: sum(map(itemgetter(0), costs)) for cpu, costs in busy.items()}
    most = max(totals_ns, key=totals_ns.__getitem__)
    total_ns, spent = totals_ns[most], busy[most]
    return 1e9 / total_ns, _words(spent)


def _spent(model: CaseModel, trial: Trial, cores: str) -> tuple[tuple[float, Side], tuple[float, Side]] | None:
    """By the producer and by one consumer, in ns for each message that is delivered to any."""
    load = model.case.workload
    sending, taking = model.producer(cores), model.consumer(cores)
    if sending is None or taking is None:
        return None
    turns_ns = model.turns_ns(trial.granted) if cores == "one" else 0.0
    # Of each message delivered, this consumer's share; what the producer writes once for all is told once.
    part = 1 / load.consumers
    written = sending.message_ns / load.copies
    return (part * (written + sending.kernel_ns + turns_ns), sending), (part * taking.ns, taking)


def _words(spent: Sequence[tuple[float, Side]]) -> str:
    """``producer: 2 calls a message``; of a cpu that several share, what takes most of it."""
    by_side: dict[str, float] = {}
    for ns, side in spent:
        by_side[side.name] = by_side.get(side.name, 0.0) + ns
    most = max(by_side, key=lambda name: by_side[name])
    side = next(side for _, side in spent if side.name == most)
    shared = " (and consumers beside it)" if len(by_side) > 1 and most == "producer" else ""
    return f"{most}{shared}: {side.words}"


def _cpu(cpus: Sequence[int]) -> int | None:
    return cpus[0] if len(cpus) == 1 else None
