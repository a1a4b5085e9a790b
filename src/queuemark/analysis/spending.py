"""On what the cpu time of a message goes: calls, copies, the content itself, wake-ups, and what none of them explains.

1. Measured is the cpu time of all processes over the messages delivered, the median over trials; everything else is
   computed as in a limit (analysis/limits.py), from the session's probes and from what the transport declares.
2. Calls are the way through the kernel of a message without any bytes, as many at once as the policy gives a call;
   copies are what its bytes add to that.
3. A wake-up is a voluntary switch that was counted, at the cost of one between two processes on the same core.
4. What remains is spinning, waiting for cache lines, and the engine's own work; where the parts come to more than was
   measured, it is below 0.
"""

from __future__ import annotations

__all__ = ["Parts", "Spending", "spendings"]

from statistics import median

import msgspec

from queuemark.analysis.limits import case_model
from queuemark.model.probe import Probes
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.model.transport import Cost
from queuemark.model.trial import TrialFigures


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """ns of cpu time for one message delivered, both ends together. content: what writing and checking it takes."""

    calls_ns: float
    copies_ns: float
    content_ns: float
    wake_ups_ns: float

    @property
    def sum_ns(self) -> float:
        return self.calls_ns + self.copies_ns + self.content_ns + self.wake_ups_ns


class Spending(msgspec.Struct, frozen=True, kw_only=True):
    """number: of the case in its session. parts: None where the transport declares no cost, or nothing was probed."""

    number: int
    result: CaseResult
    measured_ns: float
    parts: Parts | None

    @property
    def rest_ns(self) -> float | None:
        return self.measured_ns - self.parts.sum_ns if self.parts else None


def spendings(document: SessionDocument) -> list[Spending]:
    """Of every case whose trials say what cpu time they took, in the order of the session."""
    probes = Probes(document.session.probes_before)
    found: list[Spending] = []
    for number, result in enumerate(document.cases, 1):
        spent = [trial for trial in result.trials if trial.cpu_ns_per_message]
        if spent:
            measured_ns = median(trial.cpu_ns_per_message or 0.0 for trial in spent)
            parts = _parts(result, spent, document.session.costs.get(result.case.transport), probes)
            found.append(Spending(number=number, result=result, measured_ns=measured_ns, parts=parts))
    return found


def _parts(result: CaseResult, trials: list[TrialFigures], cost: Cost | None, probes: Probes) -> Parts | None:
    load, wake_up_ns = result.case.workload, probes.value("futex", cores="one")
    if cost is None or wake_up_ns is None or load.pattern == "pingpong":
        return None
    cores = "one" if load.placement == "same" else "two"
    model = case_model(result.case, cost, probes)
    bare = msgspec.structs.replace(model, bare=True)
    ends, empty = (model.producer(cores), model.consumer(cores)), (bare.producer(cores), bare.consumer(cores))
    if ends[0] is None or ends[1] is None or empty[0] is None or empty[1] is None:
        return None
    calls_ns = empty[0].kernel_ns + empty[1].kernel_ns
    return Parts(
        calls_ns=calls_ns,
        copies_ns=max(0.0, ends[0].kernel_ns + ends[1].kernel_ns - calls_ns),
        content_ns=ends[0].message_ns / load.copies + ends[1].message_ns,
        wake_ups_ns=wake_up_ns * median(trial.switches_voluntary / trial.delivered for trial in trials),
    )
