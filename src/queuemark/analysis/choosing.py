"""Which mechanism to take: of what a record holds from many machines, what meets a wish best.

1. Only what is proved is advised, at the size and the number of consumers asked for; what is beyond its limit is an
   error, not advice (M23).
2. On one platform the higher rate is better; where a rate is needed, the lower p99 among those that deliver it.
   Machines differ: across them the higher share of the limit is better (M18).
3. Of each mechanism and policy the best case stands for all; what rules the others out is counted and said.
"""

from __future__ import annotations

__all__ = ["Chosen", "choose"]

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from queuemark.analysis.advise import Wish, broken_promise
from queuemark.model.transport import Facts
from queuemark.model.trial import ACHIEVED_LOW
from queuemark.store.rows import RecordCase


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """fitting: one a mechanism and policy, the best first. ruled_out: how many cases, by reason."""

    fitting: list[RecordCase]
    ruled_out: dict[str, int]
    looked_at: int


def choose(
    wish: Wish, cases: Iterable[RecordCase], facts: Callable[[RecordCase], Facts | None], *, one_platform: bool
) -> Chosen:
    """cases: of the wish's size and number of consumers. facts: what the case's mechanism promises, where known."""
    held = list(cases)
    ruled_out: Counter[str] = Counter()
    best: dict[tuple[str, str, str], RecordCase] = {}
    for case in sorted(held, key=lambda case: _order(wish, case, one_platform)):
        reason = _missed(wish, case) or _unpromised(wish, case, facts)
        if reason is not None:
            ruled_out[reason] += 1
        else:
            best.setdefault((case.summary.transport, case.summary.runtime, case.summary.policy), case)
    return Chosen(fitting=list(best.values()), ruled_out=dict(ruled_out.most_common()), looked_at=len(held))


def _order(wish: Wish, case: RecordCase, one_platform: bool) -> tuple[float, float]:
    """Ascending, the best first."""
    told = case.summary
    rate_per_s = told.median_per_s or 0.0
    if not one_platform:
        return -(told.limit_share or 0.0), -rate_per_s
    p99_ns = float("inf") if told.p99_ns is None else float(told.p99_ns)
    return (p99_ns, -rate_per_s) if wish.rate_per_s is not None else (-rate_per_s, p99_ns)


def _missed(wish: Wish, case: RecordCase) -> str | None:
    """Which figure rules the case out, or None."""
    told = case.summary
    if told.state != "ok" or told.median_per_s is None:
        return "delivery not proved, or no rate"
    if told.beyond:
        return "above what its machine allows: an error of the model or of the measurement"
    if wish.rate_per_s is not None and told.median_per_s < ACHIEVED_LOW * wish.rate_per_s:
        return "too slow"
    if told.offered_per_s is not None and told.median_per_s < ACHIEVED_LOW * told.offered_per_s:
        return "fell behind the rate that was set: its latency grows for as long as that lasts"
    if (wish.p99_ns is not None or wish.rate_per_s is not None) and told.p99_ns is None:
        return "no p99: too few samples, or none"
    if wish.p99_ns is not None and (told.p99_ns or 0) > wish.p99_ns:
        return "p99 above the bound"
    return None


def _unpromised(wish: Wish, case: RecordCase, facts: Callable[[RecordCase], Facts | None]) -> str | None:
    """Which promise that is asked for its mechanism does not make, or None."""
    if not (wish.lossless or wish.ordered or wish.across_hosts):
        return None
    known, transport = facts(case), case.summary.transport
    if known is None:
        return f"{transport}: what it promises was not recorded"
    return broken_promise(wish, transport, known)
