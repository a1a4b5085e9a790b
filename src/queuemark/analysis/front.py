"""Rate and latency cannot both be had: of ways to use one mechanism, those that nothing beats in both.

1. Cases that differ in policy, linger and offered load alone are ways to use one mechanism; no others are compared.
2. A way is on the front when no other delivers at least as much at a p99 that is at most as high.
3. A case without a rate or without a p99 (M10) is no point. One that lost messages is none, since what was lost took no
   time at all; nor one that fell behind the rate that was set, whose latency grows for as long as it lasts.
"""

from __future__ import annotations

__all__ = ["Front", "Way", "fronts"]

import msgspec

from queuemark.model.plan import Case, case_key
from queuemark.model.session import CaseResult, SessionDocument


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A case as a point. number: of the case in its session. best: whether it is on the front."""

    number: int
    result: CaseResult
    rate_per_s: float
    p99_ns: int
    best: bool = False


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """The ways to use one mechanism, the one that delivers the most first; base: what they have in common."""

    base: Case
    ways: list[Way]


def fronts(document: SessionDocument) -> list[Front]:
    """Those with any point, in the order of the session; document: with estimates."""
    held: dict[str, Front] = {}
    for number, result in enumerate(document.cases, 1):
        way = _way(number, result)
        if way is not None:
            base = _base(result.case)
            held.setdefault(case_key(base), Front(base=base, ways=[])).ways.append(way)
    return [Front(base=front.base, ways=_marked(front.ways)) for front in held.values()]


def _base(case: Case) -> Case:
    load = msgspec.structs.replace(case.workload, policy="each", linger_us=0, rate_per_s=None)
    return msgspec.structs.replace(case, workload=load)


def _way(number: int, result: CaseResult) -> Way | None:
    latency = result.latency
    if result.rate_per_s is None or latency is None or latency.p99_ns is None:
        return None
    if any(not trial.delivery_proved or trial.lost or trial.saturated for trial in result.trials):
        return None
    return Way(number=number, result=result, rate_per_s=result.rate_per_s.median, p99_ns=latency.p99_ns.value_ns)


def _marked(ways: list[Way]) -> list[Way]:
    ordered = sorted(ways, key=lambda way: (-way.rate_per_s, way.p99_ns, way.number))
    marked: list[Way] = []
    lowest_ns: int | None = None
    for way in ordered:
        best = lowest_ns is None or way.p99_ns < lowest_ns
        lowest_ns = way.p99_ns if best else lowest_ns
        marked.append(msgspec.structs.replace(way, best=best))
    return marked
