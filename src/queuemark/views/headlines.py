"""What stands out in a session? What was fastest, what bound it, what is not proved, what disturbed: a few lines.

1. Fastest is said among cases of one pattern, size and number of consumers, with the policy that made it so; the next
   is another mechanism that was used in the same way.
2. A result above its limit, or one that nobody proved, is never the fastest; it has a line that says so.
"""

from __future__ import annotations

__all__ = ["Headline", "headlines"]

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import msgspec

from queuemark.model.plan import unpaced
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.model.units import format_rate
from queuemark.views.drift import drift_texts
from queuemark.views.ending import proved_text
from queuemark.views.findings import noise_texts
from queuemark.views.naming import Naming, policy_text, rate_text, size_text
from queuemark.views.numbers import as_percent, as_us, counted
from queuemark.views.offered import paced, timed

_WORDS = {"share": "messages", "fanout": "fan-out", "pingpong": "round trips"}
_REASONS = 3
"""More reasons than this are counted instead of told."""


class Headline(msgspec.Struct, frozen=True, kw_only=True):
    """about: two or three words that the text is an answer to."""

    about: str
    text: str


def headlines(document: SessionDocument) -> list[Headline]:
    """document: with estimates (queuemark.analysis.estimates); the most telling lines first."""
    return [
        *_fastest(document),
        *(Headline(about="Lowest latency", text=text) for text in _quickest(document)),
        Headline(about="Delivery", text=proved_text(document)),
        *(Headline(about="Not proved", text=text) for text in [*_uncounted(document), *_ended(document, "failed")]),
        *(Headline(about="Could not run", text=text) for text in _ended(document, "unavailable")),
        *(Headline(about="Above its limit", text=text) for text in _beyond(document)),
        *(Headline(about="Machine", text=text) for text in [*noise_texts(document), *drift_texts(document)]),
    ]


def _rated(document: SessionDocument) -> list[CaseResult]:
    """Cases that may be called the fastest: as fast as they go, delivered, proved, within their limit."""
    held = [result for result in document.cases if result.rate_per_s is not None and not result.unproved]
    delivered = [result for result in held if result.case.workload.consumers]
    return [result for result in delivered if not paced(result) and not (result.limit and result.limit.beyond)]


def _fastest(document: SessionDocument) -> Iterator[Headline]:
    """Of each pattern, the fastest at the smallest and at the largest size, with the fewest consumers."""
    naming = Naming.of([result.case for result in document.cases])
    by_pattern: dict[str, list[CaseResult]] = {}
    for result in _rated(document):
        by_pattern.setdefault(result.case.workload.pattern, []).append(result)
    for pattern, held in by_pattern.items():
        about = "Fastest" if pattern == "share" else f"Fastest {_WORDS[pattern]}"
        for size in dict.fromkeys((min(map(_size, held)), max(map(_size, held)))):
            alike = [result for result in held if _size(result) == size]
            fewest = min(result.case.workload.consumers for result in alike)
            ranked = sorted((each for each in alike if each.case.workload.consumers == fewest), key=_rate, reverse=True)
            yield Headline(about=about, text=_fastest_text(ranked, naming))


def _size(result: CaseResult) -> tuple[int, str]:
    """Of a mix, also what it is made of."""
    return result.case.workload.size_bytes, size_text(result.case.workload)


def _rate(result: CaseResult) -> float:
    return result.rate_per_s.median if result.rate_per_s else 0.0


def _fastest_text(ranked: Sequence[CaseResult], naming: Naming) -> str:
    first, load = ranked[0], ranked[0].case.workload
    told = (
        f"{size_text(load)} to {counted(load.consumers, 'consumer')}: {_name(first, naming)}, "
        f"{format_rate(_rate(first))}{_interval(first)}"
    )
    others = [each for each in ranked[1:] if each.case.transport != first.case.transport]
    if beside := next((each for each in others if _way(each) == _way(first)), None):
        told += f"; next is {_name(beside, naming)}, {format_rate(_rate(beside))}"
    if first.limit is not None and first.limit.share is not None:
        told += f". That is {as_percent(first.limit.share)} of its limit, bound by {first.limit.bound_by}"
    return told


def _way(result: CaseResult) -> tuple[str, ...]:
    """How its mechanism was used: what differs in this differs in speed whatever the mechanism is."""
    load = result.case.workload
    return load.policy, load.ack, load.wait, load.placement


def _name(result: CaseResult, naming: Naming) -> str:
    return f"{naming.name(result.case)} ({policy_text(result.case.workload.policy)})"


def _interval(result: CaseResult) -> str:
    estimate = result.rate_per_s
    if estimate is None or estimate.low is None or estimate.high is None:
        return ""
    return f" (95 %: {format_rate(estimate.low)} to {format_rate(estimate.high)})"


def _quickest(document: SessionDocument) -> Iterator[str]:
    """The lowest p99 among cases whose latency was asked for."""
    naming = Naming.of([unpaced(result.case) for result in document.cases])
    known = [
        result for result in document.cases if timed(result) and not result.unproved and _p99_ns(result) is not None
    ]
    if known:
        best = min(known, key=lambda result: _p99_ns(result) or 0)
        load = best.case.workload
        asked = f" at {rate_text(load.rate_per_s)}" if load.rate_per_s is not None else ""
        yield (
            f"p99 of {as_us(_p99_ns(best) or 0)} us: {naming.name(unpaced(best.case))} ({policy_text(load.policy)}), "
            f"{size_text(load)} to {counted(load.consumers, 'consumer')}{asked}"
        )


def _p99_ns(result: CaseResult) -> int | None:
    return result.latency.p99_ns.value_ns if result.latency is not None and result.latency.p99_ns is not None else None


def _uncounted(document: SessionDocument) -> Iterator[str]:
    unproved = sum(result.unproved for result in document.cases)
    if unproved:
        yield f"{counted(unproved, 'case')}: whoever measured counted nothing; a rate is what was said"


def _ended(document: SessionDocument, state: str) -> Iterator[str]:
    """How many trials ended so, and the most frequent reasons."""
    ended = [
        (result.case.transport, trial) for result in document.cases for trial in result.trials if trial.state == state
    ]
    if ended:
        reasons = Counter(f"{name}: {trial.reason or 'no reason was given'}" for name, trial in ended)
        told = "; ".join(reason for reason, _ in reasons.most_common(_REASONS))
        more = f"; and {len(reasons) - _REASONS} more reasons" if len(reasons) > _REASONS else ""
        yield f"{counted(len(ended), 'trial')}: {told}{more}"


def _beyond(document: SessionDocument) -> Iterator[str]:
    naming = Naming.of([result.case for result in document.cases])
    names = _names(document, naming, lambda result: result.limit is not None and result.limit.beyond)
    if names:
        yield f"{', '.join(names)}: an error of the model or of the measurement, not a success"


def _names(document: SessionDocument, naming: Naming, holds: Callable[[CaseResult], bool]) -> list[str]:
    return list(dict.fromkeys(_name(result, naming) for result in document.cases if holds(result)))
