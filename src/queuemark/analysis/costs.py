"""What a message costs each mechanism on this machine: cpu time, taken from sessions that were measured here.

1. Only trials that proved their delivery count, of one producer and one consumer that block while they wait: who spins
   is charged for waiting. What was held up by a link or a rate does not count either: it is woken more often.
2. Of several sizes the one counts that is nearest as a ratio, then the newest session that has it; the figure is the
   median over its trials, the cpu time of both ends together.
"""

from __future__ import annotations

__all__ = ["MessageCost", "message_costs"]

from collections.abc import Iterable
from math import log
from statistics import median

import msgspec

from queuemark.model.plan import Case
from queuemark.model.session import CaseResult, SessionDocument


class MessageCost(msgspec.Struct, frozen=True, kw_only=True):
    """cpu_ns: of one message, in every process together. session_id: where it was measured."""

    case: Case
    session_id: str
    cpu_ns: float


def message_costs(documents: Iterable[SessionDocument], size_bytes: int) -> list[MessageCost]:
    """One cost for each transport, its parameters and policy, the cheapest first; documents: the newest first."""
    found: dict[object, MessageCost] = {}
    for document in documents:
        for result in document.cases:
            cost = _cost(result, document.session.id)
            if cost is None:
                continue
            key = (cost.case.transport, *sorted(cost.case.params.items()), cost.case.workload.policy)
            if key not in found or _away(cost.case, size_bytes) < _away(found[key].case, size_bytes):
                found[key] = cost
    return sorted(found.values(), key=lambda cost: cost.cpu_ns)


def _cost(result: CaseResult, session_id: str) -> MessageCost | None:
    load = result.case.workload
    usual = load.consumers == 1 and load.wait == "block" and load.placement == "spread" and load.one_size
    free = load.link is None and load.rate_per_s is None
    costs = [trial.cpu_ns_per_message for trial in result.trials if trial.cpu_ns_per_message is not None]
    if not (usual and free and costs):
        return None
    return MessageCost(case=result.case, session_id=session_id, cpu_ns=median(costs))


def _away(case: Case, size_bytes: int) -> float:
    return abs(log(case.workload.size_bytes / size_bytes))
