"""How much at which latency? Of each mechanism the ways to use it that nothing beats in both.

1. Policies, lingers and loads are ways to use one mechanism; whatever else differs makes another front.
2. Sent as fast as it goes messages wait in buffers: such a way delivers the most and is the last to be prompt.
"""

from __future__ import annotations

__all__ = ["QUESTION", "front_tables", "way_text"]

from collections.abc import Callable

import msgspec

from queuemark.analysis.front import Front, Way, fronts
from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument
from queuemark.model.workload import Workload
from queuemark.views.header import about
from queuemark.views.naming import Naming, policy_text, size_text
from queuemark.views.numbers import as_count, as_us, counted
from queuemark.views.table import KEEP, Cell, Column, Table

QUESTION = "How much at which latency?"

NONE = "as it goes"
"""The offered load of a case without a set rate."""


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    way: Way


def front_tables(document: SessionDocument, *, wide: bool = False, alone: bool = False) -> list[Table]:
    """One table; wide: also the ways that others beat. document: with estimates.

    Raises: UsageError when no case has both a rate and a p99.
    """
    held = fronts(document)
    if not held:
        raise UsageError(
            f"session {document.session.id[:8]} has no case with both a rate and a p99; measure the front with: "
            "queuemark run front -t tcp"
        )
    naming = Naming.of([front.base for front in held])
    lines = [
        _Line(name=naming.name(front.base), way=way)
        for front in sorted(held, key=_most)
        for way in front.ways
        if way.best or wide
    ]
    beaten = sum(not way.best for front in held for way in front.ways)
    left = len(document.cases) - sum(len(front.ways) for front in held)
    return [
        Table(
            title=QUESTION,
            above=[about(document), naming.usual_text()],
            columns=[column for column, _ in _COLUMNS],
            rows=[[cell(line) for _, cell in _COLUMNS] for line in lines],
            below=[
                *([f"beaten in both by others and left out: {counted(beaten, 'case')}"] if beaten and not wide else []),
                *(
                    [f"without a rate, a p99 or its delivery, or behind the rate that was set: {counted(left, 'case')}"]
                    if left
                    else []
                ),
                f"again: {document.session.plan.command}",
            ],
        )
    ]


def _most(front: Front) -> tuple[int, int, float]:
    return front.base.workload.size_bytes, front.base.workload.consumers, -front.ways[0].rate_per_s


def way_text(load: Workload) -> str:
    """``buffer:16k, linger 50 us``"""
    linger = f", linger {load.linger_us} us" if load.linger_us else ""
    return f"{policy_text(load.policy)}{linger}"


def _number(
    name: str, head: str, show: Callable[[str | int | float], str], cell: Callable[[_Line], Cell], rank: int = KEEP
) -> tuple[Column, Callable[[_Line], Cell]]:
    return Column(name=name, head=head, show=show, rank=rank), cell


def _words(
    name: str, head: str, cell: Callable[[_Line], Cell], wrap: int | None = None
) -> tuple[Column, Callable[[_Line], Cell]]:
    return Column(name=name, head=head, align="left", wrap=wrap), cell


def _p99(part: str) -> Callable[[_Line], Cell]:
    def cell(line: _Line) -> Cell:
        latency = line.way.result.latency
        value: Cell = getattr(latency.p99_ns, part) if latency is not None and latency.p99_ns is not None else None
        return value

    return cell


def _unpaced(line: _Line) -> Cell:
    return NONE if line.way.result.case.workload.rate_per_s is None else None


_COLUMNS = (
    _number("case", "#", str, lambda line: line.way.number),
    _words("name", "transport", lambda line: line.name, wrap=22),
    _words("size", "size", lambda line: size_text(line.way.result.case.workload)),
    _number("consumers", "con-\nsumers", str, lambda line: line.way.result.case.workload.consumers, 3),
    _words("way", "policy", lambda line: way_text(line.way.result.case.workload), wrap=26),
    _number("offered_per_s", "offered\nper s", as_count, lambda line: line.way.result.case.workload.rate_per_s),
    _words("load", "load", _unpaced),
    _number("rate_per_s", "delivered\nper s", as_count, lambda line: line.way.rate_per_s),
    _number("p99_ns", "p99\nus", as_us, _p99("value_ns")),
    _number("p99_low_ns", "95 %\nlow", as_us, _p99("low_ns"), 2),
    _number("p99_high_ns", "95 %\nhigh", as_us, _p99("high_ns"), 2),
    _words("front", "front", lambda line: "yes" if line.way.best else "no"),
)
