"""Which mechanism, policy and parameters to take: of what was measured, what meets a wish best.

1. Only measured cases are advised, at the size and the number of consumers asked for: nothing is interpolated.
2. Where a rate is needed, the lowest p99 among the cases that delivered it without falling behind; else the highest
   rate with p99 within the bound. The upper end of p99's interval counts, where there is one.
3. Lossless, ordered, across hosts are what a mechanism promises, not what it happened to keep.
4. What was looked at, and what ruled out the rest, is part of the answer; where nothing fits, what came nearest is.
"""

from __future__ import annotations

__all__ = ["Advice", "Candidate", "Wish", "advise", "broken_promise", "p99_bound_ns"]

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from queuemark.model.plan import Case, case_key
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.model.transport import Facts
from queuemark.model.trial import ACHIEVED_LOW


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """p99_ns: at most; rate_per_s: at least; None: it does not matter."""

    size_bytes: int
    consumers: int
    p99_ns: int | None = None
    rate_per_s: float | None = None
    lossless: bool = False
    ordered: bool = False
    across_hosts: bool = False


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A measured case; session: the id of where; number: of the case in it; p99_ns: None with too few samples."""

    session: str
    number: int
    result: CaseResult
    rate_per_s: float
    p99_ns: int | None


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """fitting: what meets the wish, the best first. ruled_out: how many cases, by reason.

    nearest: where nothing fits, what missed the figures asked for by the least. late: what delivers the most of those
        whose p99 is above the bound, where it is more than the best does.
    """

    wish: Wish
    fitting: list[Candidate]
    ruled_out: dict[str, int]
    looked_at: int
    sessions: list[str]
    nearest: Candidate | None = None
    late: Candidate | None = None

    @property
    def best(self) -> Candidate | None:
        return self.fitting[0] if self.fitting else None

    @property
    def runner_up(self) -> Candidate | None:
        """The best that is not the same mechanism used the same way at another load."""
        if self.best is None:
            return None
        taken = _used(self.best.result.case)
        return next((each for each in self.fitting[1:] if _used(each.result.case) != taken), None)


def advise(wish: Wish, documents: Iterable[SessionDocument], facts: Mapping[str, Facts]) -> Advice:
    """documents: with estimates, the newest first: of a case that several hold the newest counts.

    facts: by transport.
    """
    held = list(documents)
    results = _newest(held)
    ruled_out: Counter[str] = Counter()
    fitting: list[Candidate] = []
    missing: list[Candidate] = []
    for session, number, result in results:
        reason = _unfit(wish, result, facts)
        candidate = _candidate(session, number, result)
        if reason is None and candidate is not None:
            reason = _missed(wish, candidate)
            (missing if reason else fitting).append(candidate)
        if reason is not None:
            ruled_out[reason] += 1
    fitting.sort(key=lambda each: _order(wish, each))
    return Advice(
        wish=wish,
        fitting=fitting,
        ruled_out=dict(ruled_out.most_common()),
        looked_at=len(results),
        sessions=[document.session.id for document in held],
        nearest=min(missing, key=lambda each: _distance(wish, each), default=None) if not fitting else None,
        late=_late(wish, fitting, missing),
    )


def _late(wish: Wish, fitting: list[Candidate], missing: list[Candidate]) -> Candidate | None:
    """What waiting buys: the most that is delivered above the bound, if it is more than what fits delivers."""
    late = [each for each in missing if wish.p99_ns is not None and (each.p99_ns or 0) > wish.p99_ns]
    most = max(late, key=lambda each: each.rate_per_s, default=None)
    return most if most is not None and fitting and most.rate_per_s > fitting[0].rate_per_s else None


def _newest(documents: Iterable[SessionDocument]) -> list[tuple[str, int, CaseResult]]:
    found: dict[str, tuple[str, int, CaseResult]] = {}
    for document in documents:
        for number, result in enumerate(document.cases, 1):
            if result.trials:
                found.setdefault(case_key(result.case), (document.session.id, number, result))
    return list(found.values())


def _unfit(wish: Wish, result: CaseResult, facts: Mapping[str, Facts]) -> str | None:
    """Why no figure would make this case an answer, or None."""
    case, load = result.case, result.case.workload
    known = facts.get(case.transport)
    if load.size_bytes != wish.size_bytes or not load.one_size:
        return "another size"
    if load.consumers != wish.consumers:
        return "another number of consumers"
    if load.pattern != "share":
        return f"pattern {load.pattern}"
    if load.link is not None:
        return "measured over a link that was made for it"
    if known is None:
        return f"{case.transport} is not offered here"
    broken = broken_promise(wish, case.transport, known)
    if broken is not None:
        return broken
    if result.rate_per_s is None or not all(trial.delivery_proved for trial in result.trials):
        return "delivery not proved, or no rate"
    if any(trial.saturated for trial in result.trials):
        return "fell behind the rate that was set: its latency grows for as long as that lasts"
    return None


def broken_promise(wish: Wish, transport: str, known: Facts) -> str | None:
    """What is asked for and this transport does not promise, or None."""
    if wish.lossless and not known.lossless:
        return f"{transport} may lose messages"
    if wish.ordered and not known.ordered:
        return f"{transport} may reorder messages"
    if wish.across_hosts and not known.crosses_hosts:
        return f"{transport} stays on one host"
    return None


def _candidate(session: str, number: int, result: CaseResult) -> Candidate | None:
    if result.rate_per_s is None:
        return None
    return Candidate(
        session=session,
        number=number,
        result=result,
        rate_per_s=result.rate_per_s.median,
        p99_ns=p99_bound_ns(result),
    )


def p99_bound_ns(result: CaseResult) -> int | None:
    """The upper end of p99's interval, or p99 itself below 3 trials; None with too few samples."""
    p99 = result.latency.p99_ns if result.latency is not None else None
    if p99 is None:
        return None
    return p99.value_ns if p99.high_ns is None else p99.high_ns


def _missed(wish: Wish, candidate: Candidate) -> str | None:
    """Which figure does not meet the wish, or None."""
    if wish.rate_per_s is not None and candidate.rate_per_s < ACHIEVED_LOW * wish.rate_per_s:
        return "too slow"
    if (wish.p99_ns is not None or wish.rate_per_s is not None) and candidate.p99_ns is None:
        return "no p99: too few samples, or none"
    if wish.p99_ns is not None and (candidate.p99_ns or 0) > wish.p99_ns:
        return "p99 above the bound"
    return None


def _order(wish: Wish, candidate: Candidate) -> tuple[float, float]:
    p99_ns = float("inf") if candidate.p99_ns is None else float(candidate.p99_ns)
    return (p99_ns, -candidate.rate_per_s) if wish.rate_per_s is not None else (-candidate.rate_per_s, p99_ns)


def _distance(wish: Wish, candidate: Candidate) -> float:
    """By which factor it misses, over both figures."""
    slow = wish.rate_per_s / candidate.rate_per_s if wish.rate_per_s and candidate.rate_per_s else 1.0
    late = float("inf") if candidate.p99_ns is None else candidate.p99_ns / (wish.p99_ns or candidate.p99_ns or 1)
    return max(1.0, slow) * max(1.0, late)


def _used(case: Case) -> tuple[object, ...]:
    load = case.workload
    return case.transport, tuple(case.params.items()), load.policy, load.linger_us, load.wait, load.placement
