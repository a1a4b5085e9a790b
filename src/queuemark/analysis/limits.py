"""What this machine allows of a case, and how near its result comes (M23).

1. Every constant is a figure of the session's probes, of those before and after its trials the faster; no factor
   belongs to a transport. What a transport declares is which way its messages go, whether one receive takes many, and
   what stands around a message (model/transport.py).
2. A worker's cost of a message is what writing or comparing it takes, and its calls' way through the kernel under the
   policy in use: where a call takes many messages in one piece, that of all its bytes, shared by them, on either side
   of a byte stream. Workers on one cpu share it: their costs add up. The cpu that takes longest for a message binds.
3. Two ends on one cpu take turns: to the consumer when the queue is full, and back when it is empty. Otherwise nobody
   sleeps in a limit, and in the kernel everything lies in the core's own cache: wake-ups, switches, waiting for
   each other and what comes from another core keep a result below it. In place, bytes do cross from core to core.
4. A result above its limit by more than 5 % is an error of the model, and is told as one.

Between the sizes that were probed costs are interpolated; beyond them the last slope goes on, never downwards.
"""

from __future__ import annotations

__all__ = ["BEYOND", "CaseModel", "Side", "case_limit", "case_model"]

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

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

_NUMBER_BYTES = 8
"""A message below this is a part of its number, written and compared in another way than longer ones."""


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


Known = dict[tuple[object, ...], tuple[Side, Side] | None]
"""What messages cost the two ends, by all that it depends on within a session: many of its cases share that."""


class CaseModel(msgspec.Struct, frozen=True, kw_only=True):
    """What a case's messages cost either end.

    bare: as if calls took as many messages, but none had any bytes. known: of other cases of the session.
    """

    case: Case
    cost: Cost
    probes: Probes
    mechanism: str | None
    bare: bool = False
    known: Known = {}

    def ends(self, cores: str) -> tuple[Side, Side] | None:
        """Producer and consumer."""
        load = self.case.workload
        asked = (self.case.transport, self.mechanism, load.policy, load.mean_bytes, self.bare, cores)
        if asked not in self.known:
            sending, taking = self.producer(cores), self.consumer(cores)
            self.known[asked] = None if sending is None or taking is None else (sending, taking)
        return self.known[asked]

    def producer(self, cores: str) -> Side | None:
        """For one consumer's copy of a message."""
        if self.mechanism is None:
            return self._in_place("producer", "write", cores)
        name, size = policy_name(self.case.workload.policy), self.case.workload.mean_bytes
        message = self._message("write", "one")
        if name == "split":
            parts = [self._sent(cores, bytes_) for bytes_ in (_LENGTH_BYTES, size)]
            return _side("producer", message, _sum(parts), "2 calls a message")
        if name in ("buffer", "vector"):
            way_ns = self._part(self._sent(cores, self._call_bytes)) if name == "buffer" else self._vectored(cores)
            return _side("producer", message, way_ns, f"1 call for {self._together} messages")
        return _side("producer", message, self._sent(cores, self._frame_bytes), "1 call a message")

    def consumer(self, cores: str) -> Side | None:
        if self.mechanism is None:
            return self._in_place("consumer", "compare", cores)
        message = self._message("compare", "one")
        if self._streams:
            way_ns = self._part(self._path("receive", "many", self._call_bytes))
            return _side("consumer", message, way_ns, "1 call for many messages")
        many = policy_name(self.case.workload.policy) == "vector" and self.mechanism != "pipe-packet"
        calls, words = ("many", "1 call for many messages") if many else ("each", "1 call a message")
        return _side("consumer", message, self._path("receive", calls, self._frame_bytes), words)

    def turns_ns(self, granted: Mapping[str, ParamValue]) -> float:
        """Of a message that both ends handle on one cpu: two wake-ups for as many messages as wait between them."""
        held = granted.get(self.cost.holds or "")
        wake_up_ns = self.probes.value("futex", cores="one")
        if not isinstance(held, int) or held < 1 or wake_up_ns is None:
            return 0.0
        in_bytes = (self.cost.holds or "").endswith("_bytes")
        return 2 * wake_up_ns / max(1.0, held / self._frame_bytes if in_bytes else held)

    def _in_place(self, name: str, side: str, cores: str) -> Side | None:
        return _side(name, self._message(side, cores), 0.0, "no call")

    @property
    def _frame_bytes(self) -> float:
        return self.case.workload.mean_bytes + self.cost.frame_bytes

    @property
    def _streams(self) -> bool:
        """Whether what the producer's calls bring has no boundaries for the consumer's."""
        return self.cost.gathers and self.mechanism != "pipe-packet"

    @property
    def _together(self) -> int:
        """Messages that a call of the producer takes."""
        name, value = policy_name(self.case.workload.policy), policy_value(self.case.workload.policy)
        if name == "buffer":
            return max(1, int(value // self._frame_bytes))
        return value if name == "vector" else 1

    @property
    def _call_bytes(self) -> float:
        return self._together * self._frame_bytes

    def _part(self, way_ns: float | None) -> float | None:
        """A message's, of the way of all that a call of the producer takes."""
        return None if way_ns is None else way_ns / self._together

    def _sent(self, cores: str, bytes_: float) -> float | None:
        """The way of one piece. Where the consumer has to wait for the cpu the queue is full again and again, and TCP
        puts a piece to what waits, which is cheaper than to send it off by itself.
        """
        each_ns = self._path("send", "each", bytes_)
        queued_ns = self._path("send", "queued", bytes_) if cores == "one" else None
        return each_ns if each_ns is None or queued_ns is None else min(each_ns, queued_ns)

    def _vectored(self, cores: str) -> float | None:
        """A message's part of a call that takes it as an element of its own."""
        frame = self._frame_bytes
        each_ns, many_ns = self._path("send", "each", frame), self._path("send", "many", frame)
        if each_ns is None or many_ns is None:
            return None
        if not self._streams:
            return many_ns + max(0.0, each_ns - many_ns) / self._together
        # Not `many` alone: its one call goes on its way at once, which TCP spares a producer that never pauses. So the
        # bytes are those of a full call, and elements what they add to one piece; free where that was not probed.
        part_ns, whole_ns = self._part(self._sent(cores, self._call_bytes)), self._path("send", "whole", frame)
        element_ns = 0.0 if whole_ns is None else max(0.0, many_ns - whole_ns)
        return None if part_ns is None else part_ns + element_ns

    def _message(self, side: str, cores: str) -> float | None:
        size = self.case.workload.mean_bytes
        return self.probes.along("bytes", size, "message", apart_at=_NUMBER_BYTES, side=side, cores=cores)

    def _path(self, side: str, calls: str, bytes_: float) -> float | None:
        mechanism, place = self.mechanism or "", 0.0 if self.bare else bytes_
        return self.probes.along("bytes", place, "path", mechanism=mechanism, side=side, calls=calls, cores="one")


def _side(name: str, message_ns: float | None, kernel_ns: float | None, calls: str) -> Side | None:
    if message_ns is None or kernel_ns is None:
        return None
    return Side(name=name, message_ns=message_ns, kernel_ns=kernel_ns, calls=calls)


def _sum(parts: Sequence[float | None]) -> float | None:
    return None if None in parts else sum(part or 0.0 for part in parts)


class _Spent(NamedTuple):
    """On both ends, in ns for each message that is delivered to any consumer."""

    sending: Side
    sending_ns: float
    taking: Side
    taking_ns: float


def case_limit(result: CaseResult, cost: Cost | None, probes: Probes, known: Known | None = None) -> Limit | None:
    """None where the transport declares no cost, or what it needs was not probed, or nothing was proved.

    known: of the session's cases so far; is added to.
    """
    trial = next((trial for trial in result.trials if trial.delivery_proved and trial.producer is not None), None)
    if cost is None or trial is None or result.case.workload.pattern == "pingpong":
        return None
    bound = _bound(case_model(result.case, cost, probes, known), trial)
    if bound is None:
        return None
    rate_per_s, words = bound
    share = result.rate_per_s.median / rate_per_s if result.rate_per_s else None
    return Limit(rate_per_s=rate_per_s, share=share, bound_by=words, beyond=share is not None and share > BEYOND)


def case_model(case: Case, cost: Cost, probes: Probes, known: Known | None = None) -> CaseModel:
    """known: as in ``case_limit``."""
    held = {} if known is None else known
    return CaseModel(case=case, cost=cost, probes=probes, mechanism=_mechanism(case, cost), known=held)


def _mechanism(case: Case, cost: Cost) -> str | None:
    """Of the probe ``path``; None where messages go without the kernel."""
    found = cost.mechanism(case.params)
    return "pipe-packet" if found == "pipe" and not case.workload.one_size else found


def _bound(model: CaseModel, trial: Trial) -> tuple[float, str] | None:
    """Messages delivered in sum a second at most, and what binds."""
    # Who is pinned nowhere has, at best, a cpu of its own: a number that none has.
    taken: Counter[int | None] = Counter(
        [each.cpus[0] if len(each.cpus) == 1 else -1 - each.index for each in trial.consumers]
    )
    beside = taken.pop(_cpu(trial.producer.cpus if trial.producer else []), 0)
    together = _spent(model, trial, "one") if beside else None
    apart = _spent(model, trial, "two") if taken else None
    first = apart or together
    if first is None or (beside and together is None) or (taken and apart is None):
        return None
    sending_ns = apart.sending_ns * (len(trial.consumers) - beside) if apart else 0.0
    taking_ns = 0.0
    if together:
        sending_ns, taking_ns = sending_ns + together.sending_ns * beside, together.taking_ns * beside
    farther_ns = apart.taking_ns * max(taken.values()) if apart else 0.0
    if farther_ns > sending_ns + taking_ns:
        return 1e9 / farther_ns, f"consumer: {first.taking.words}"
    if together and taking_ns > sending_ns:
        return 1e9 / (sending_ns + taking_ns), f"consumer: {together.taking.words}"
    shared = " (and consumers beside it)" if beside else ""
    return 1e9 / (sending_ns + taking_ns), f"producer{shared}: {first.sending.words}"


def _spent(model: CaseModel, trial: Trial, cores: str) -> _Spent | None:
    """By the producer for one consumer, and by that consumer."""
    load = model.case.workload
    ends = model.ends(cores)
    if ends is None:
        return None
    sending, taking = ends
    turns_ns = model.turns_ns(trial.granted) if cores == "one" else 0.0
    # Of each message delivered, this consumer's share; what the producer writes once for all is told once.
    part = 1 / load.consumers
    written = sending.message_ns / load.copies
    return _Spent(
        sending=sending,
        sending_ns=part * (written + sending.kernel_ns + turns_ns),
        taking=taking,
        taking_ns=part * taking.ns,
    )


def _cpu(cpus: Sequence[int]) -> int | None:
    return cpus[0] if len(cpus) == 1 else None
