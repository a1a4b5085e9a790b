"""What does a case do as more is offered to it? Its rates in order, and of a search the highest that kept its promise.

1. Offered and delivered are two numbers (M4); what was not reached is saturated, and then neither is what was set.
2. The highest rate is said with its resolution and with the trials that confirmed it (M26).
"""

from __future__ import annotations

__all__ = ["QUESTION", "Load", "load_tables", "loads"]

from collections.abc import Callable
from statistics import median

import msgspec

from queuemark.analysis.verdicts import outcome
from queuemark.model.errors import UsageError
from queuemark.model.plan import Case, case_key, unpaced
from queuemark.model.search import Bracket, Search, Tried, bracket
from queuemark.model.session import CaseResult, Quantile, SessionDocument
from queuemark.model.units import format_duration_s, format_rate
from queuemark.views.ending import Ending, Footnotes
from queuemark.views.header import about
from queuemark.views.naming import Naming, policy_text, size_text
from queuemark.views.numbers import as_count, as_percent, as_us, counted
from queuemark.views.offered import lost_share
from queuemark.views.table import KEEP, Cell, Column, Table

QUESTION = "What happens as more is offered?"


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """A case at all rates that it was tried at: (number in the session, result), the lowest first, saturation last."""

    base: Case
    name: str
    tried: list[tuple[int, CaseResult]]

    @property
    def ceiling_per_s(self) -> float | None:
        """What it delivers when sent as fast as it goes."""
        saturated = [result for _, result in self.tried if result.case == self.base]
        return saturated[0].rate_per_s.median if saturated and saturated[0].rate_per_s else None


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    load: Load
    result: CaseResult
    state: str


def loads(document: SessionDocument) -> list[Load]:
    """The cases that differ in their rate alone, together; in the order of the session."""
    naming = Naming.of([unpaced(result.case) for result in document.cases])
    found: dict[str, list[tuple[int, CaseResult]]] = {}
    bases: dict[str, Case] = {}
    for numbered in enumerate(document.cases, 1):
        base = unpaced(numbered[1].case)
        found.setdefault(case_key(base), []).append(numbered)
        bases[case_key(base)] = base
    return [
        Load(base=bases[key], name=naming.name(bases[key]), tried=sorted(tried, key=_offered))
        for key, tried in found.items()
    ]


def _offered(numbered: tuple[int, CaseResult]) -> float:
    rate_per_s = numbered[1].case.workload.rate_per_s
    return float("inf") if rate_per_s is None else rate_per_s


def load_tables(document: SessionDocument, *, wide: bool = False, alone: bool = False) -> list[Table]:
    """One table; document: with estimates.

    Raises: UsageError when no case was sent at a set rate.
    """
    if not any(result.case.workload.rate_per_s for result in document.cases):
        raise UsageError(
            f"session {document.session.id[:8]} offered no set rate; walk over the load with: "
            "queuemark run -t tcp --rate-sweep"
        )
    held, footnotes = loads(document), Footnotes()
    lines = [_line(load, *numbered, footnotes) for load in held for numbered in load.tried]
    naming = Naming.of([load.base for load in held])
    search = document.session.plan.search
    found = [found_text(load, search, document.session.plan.repeats) for load in held] if search else []
    return [
        Table(
            title=QUESTION,
            above=[about(document), naming.usual_text(), *(line for line in found if line)],
            columns=[column for column, _ in _COLUMNS],
            rows=[[cell(line) for _, cell in _COLUMNS] for line in lines],
            below=[*footnotes.lines(), f"again: {document.session.plan.command}"],
        )
    ]


def _line(load: Load, number: int, result: CaseResult, footnotes: Footnotes) -> _Line:
    ending = Ending.of(result)
    saturated = any(trial.saturated for trial in result.trials)
    state = "saturated" if saturated and ending.state == "ok" else ending.state
    return _Line(number=number, load=load, result=result, state=" ".join([state, *map(footnotes.mark, ending.remarks)]))


def found_text(load: Load, search: Search, repeats: int) -> str | None:
    """What the search of a case ended with, in a sentence; None for a walk."""
    if search.goal == "sweep":
        return None
    case = load.base
    name = f"{load.name} {size_text(case.workload)} to {case.workload.consumers}, {policy_text(case.workload.policy)}"
    paced = [result for _, result in load.tried if result.case.workload.rate_per_s is not None]
    tried = [Tried(rate_per_s=r.case.workload.rate_per_s or 0.0, outcome=outcome(r, search)) for r in paced]
    return f"{name}: {_ended(bracket(tried), search, repeats, len(tried))}"


def _ended(found: Bracket, search: Search, repeats: int, rates: int) -> str:
    promise = "without loss" if search.goal == "lossless" else f"with p99 within {_bound(search)}"
    tried = f"{counted(rates, 'rate')} tried"
    if found.kept is None:
        unknown = found.broken is not None and found.broken.outcome.kept is None
        why = "; at the lowest there were too few samples: take a longer --duration" if unknown else ""
        return f"no rate was found {promise} ({tried}{why})"
    trials = counted(found.kept.outcome.trials, "trial")
    confirmed = f"confirmed by {trials}" if found.kept.outcome.trials >= repeats else f"not confirmed, {trials} only"
    above = f"{format_rate(found.broken.rate_per_s)} is too much" if found.broken else "nothing above it was tried"
    width = _width(found)
    resolution = f", resolution {as_percent(width)}" if width is not None else ""
    return f"{format_rate(found.kept.rate_per_s)} {promise}, {confirmed}; {above}{resolution} ({tried})"


def _bound(search: Search) -> str:
    return format_duration_s((search.bound_ns or 0) / 1e9)


def _width(found: Bracket) -> float | None:
    if found.kept is None or found.broken is None:
        return None
    return found.broken.rate_per_s / found.kept.rate_per_s - 1


def _quantile(name: str) -> Callable[[_Line], Cell]:
    def cell(line: _Line) -> Cell:
        held: Quantile | None = getattr(line.result.latency, name, None)
        return held.value_ns if held is not None else None

    return cell


def _share(line: _Line) -> Cell:
    offered_per_s, ceiling_per_s = line.result.case.workload.rate_per_s, line.load.ceiling_per_s
    return offered_per_s / ceiling_per_s if offered_per_s and ceiling_per_s else None


def _sent(line: _Line) -> Cell:
    rates = [trial.send_rate_per_s for trial in line.result.trials if trial.send_rate_per_s is not None]
    return median(rates) if rates else None


def _number(
    name: str, head: str, show: Callable[[str | int | float], str], cell: Callable[[_Line], Cell], rank: int = KEEP
) -> tuple[Column, Callable[[_Line], Cell]]:
    return Column(name=name, head=head, show=show, rank=rank), cell


def _words(
    name: str, head: str, cell: Callable[[_Line], Cell], rank: int = KEEP, wrap: int | None = None
) -> tuple[Column, Callable[[_Line], Cell]]:
    return Column(name=name, head=head, align="left", rank=rank, wrap=wrap), cell


_COLUMNS = (
    _number("case", "#", str, lambda line: line.number),
    _words("name", "transport", lambda line: line.load.name, wrap=20),
    _words("size", "size", lambda line: size_text(line.load.base.workload), 6, wrap=14),
    _number("consumers", "con-\nsumers", str, lambda line: line.load.base.workload.consumers, 7),
    _words("policy", "policy", lambda line: policy_text(line.load.base.workload.policy), 4),
    _number("offered_per_s", "offered\nper s", as_count, lambda line: line.result.case.workload.rate_per_s),
    _number("ceiling_share", "of the\nceiling", as_percent, _share, 5),
    _number("sent_per_s", "sent\nper s", as_count, _sent, 8),
    _number(
        "rate_per_s",
        "de-\nlivered\nper s",
        as_count,
        lambda line: line.result.rate_per_s.median if line.result.rate_per_s else None,
    ),
    _number("lost_share", "loss", as_percent, lambda line: lost_share(line.result), 3),
    _number("p50_ns", "p50\nus", as_us, _quantile("p50_ns")),
    _number("p90_ns", "p90\nus", as_us, _quantile("p90_ns"), 9),
    _number("p99_ns", "p99\nus", as_us, _quantile("p99_ns")),
    _number("p999_ns", "p99.9\nus", as_us, _quantile("p999_ns"), 1),
    _number("p9999_ns", "p99.99\nus", as_us, _quantile("p9999_ns"), 9),
    _number("max_ns", "max\nus", as_us, lambda line: line.result.latency.max_ns if line.result.latency else None, 2),
    _words("state", "state", lambda line: line.state, wrap=16),
)
