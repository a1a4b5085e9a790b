"""What charts draw of a session: the cases that have a rate, each with the line it belongs to.

A line is all that a case means but its size and its number of consumers: two cases that differ in anything else
never share one.
"""

from __future__ import annotations

__all__ = [
    "Names",
    "Point",
    "ends",
    "grid_points",
    "points",
    "points_by_case",
    "rate_title",
    "unreceived_texts",
    "unseen_text",
]

from collections.abc import Collection, Sequence

import msgspec

from queuemark.model.errors import UsageError
from queuemark.model.plan import case_key
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.views.naming import Naming, policy_text, size_text
from queuemark.views.numbers import counted


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What cases are called in a chart: no two that differ in meaning alike, and what nobody proved says so."""

    naming: Naming

    @classmethod
    def of(cls, results: Sequence[CaseResult]) -> Names:
        return cls(naming=Naming.of([result.case for result in results]))

    def mechanism(self, result: CaseResult) -> str:
        return f"{self.naming.mechanism(result.case)}{self.mark(result)}"

    def line(self, result: CaseResult) -> str:
        """``tcp nodelay=1 each``"""
        return f"{self.naming.name(result.case)} {policy_text(result.case.workload.policy)}{self.mark(result)}"

    def row(self, result: CaseResult) -> str:
        """``tcp nodelay=1 each, 64 B to 1``"""
        load = result.case.workload
        return f"{self.line(result)}, {size_text(load)} to {load.consumers}"

    def mark(self, result: CaseResult) -> str:
        """`` (not proved)`` behind the name of what nobody counted."""
        return " (not proved)" if result.unproved else ""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One case. size: as text, also of mixes and own messages, which size_bytes tells the largest of.

    low_per_s, high_per_s: of the 95 % interval; None below 3 trials. limit_per_s: what this machine allows of it, if
    that is known.
    """

    series: str
    mechanism: str
    size: str
    size_bytes: int
    one_size: bool
    consumers: int
    rate_per_s: float
    low_per_s: float | None
    high_per_s: float | None
    limit_per_s: float | None


def points(document: SessionDocument) -> list[Point]:
    """document: with estimates (queuemark.analysis.estimates)."""
    names = Names.of(document.cases)
    return [_point(result, names) for result in _rated(document)]


def grid_points(document: SessionDocument) -> list[Point]:
    """Those that have a place on an axis of sizes. Raises: UsageError without any."""
    held = [point for point in points(document) if point.one_size]
    if not held:
        raise UsageError(f"session {document.session.id[:8]} has no rate to draw; queuemark show says why")
    return held


def points_by_case(document: SessionDocument) -> dict[str, Point]:
    """The same by the key of their case."""
    return dict(zip((case_key(result.case) for result in _rated(document)), points(document), strict=True))


def _rated(document: SessionDocument) -> list[CaseResult]:
    return [result for result in document.cases if result.rate_per_s is not None]


def _point(result: CaseResult, names: Names) -> Point:
    load, estimate = result.case.workload, result.rate_per_s
    assert estimate is not None
    return Point(
        series=names.line(result),
        mechanism=names.mechanism(result),
        size=size_text(load),
        size_bytes=load.size_bytes,
        one_size=load.one_size,
        consumers=load.consumers,
        rate_per_s=estimate.median,
        low_per_s=estimate.low,
        high_per_s=estimate.high,
        limit_per_s=result.limit.rate_per_s if result.limit else None,
    )


def ends(held: Sequence[Point]) -> list[float]:
    """Every value that must have its place on an axis of rates."""
    every = [end for point in held for end in (point.rate_per_s, point.low_per_s, point.high_per_s)]
    return [end for end in every if end]


def unseen_text(document: SessionDocument, drawn: Sequence[Point]) -> list[str]:
    """A line that counts the cases which the chart has no place for, if any."""
    left = len(document.cases) - len(drawn)
    return [f"not drawn: {counted(left, 'case')} without a rate or a place here; the table has them"] if left else []


def rate_title(consumers: Collection[int]) -> str:
    """What the rates of cases with these numbers of consumers are of, for an axis."""
    return "messages delivered per second" if all(consumers) else "messages per second"


def unreceived_texts(consumers: Collection[int]) -> list[str]:
    """A line about rates of what nobody was there to receive, if any of these numbers of consumers is 0."""
    told = "to 0 consumers: what was sent, none was delivered; to others: what was delivered"
    return [] if all(consumers) else [told]
