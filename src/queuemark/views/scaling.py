"""What do more consumers bring? One line a mechanism and workload: the universal scalability law, and what it means.

1. A line is fitted only over six numbers of consumers or more; nothing is said of the others but that they are there.
2. The words next to the figures say no more than the interval bears.
"""

from __future__ import annotations

__all__ = ["QUESTION", "meaning", "scaling_tables"]

from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument
from queuemark.views.ending import OVERSUBSCRIBED
from queuemark.views.header import about
from queuemark.views.naming import Naming, policy_text, size_text
from queuemark.views.numbers import as_count, as_percent
from queuemark.views.table import KEEP, Cell, Column, Table

if TYPE_CHECKING:
    from queuemark.analysis.scaling import Scaling, Term

QUESTION = "What do more consumers bring?"

_LEVEL_SHARE = 0.1
"""Where the law has the rates of all numbers of consumers within this share, the number hardly matters."""

_FAR_SHARE = 0.25
"""A law that misses a median by more than this says little about it."""


def scaling_tables(document: SessionDocument, *, wide: bool = False, alone: bool = False) -> list[Table]:
    """One table; document: with estimates. wide, alone: the ends of intervals have columns of their own.

    Raises: UsageError when no line has enough numbers of consumers.
    """
    from queuemark.analysis.scaling import POINTS_LOW

    found = measured(document)
    naming = Naming.of([result.case for result in document.cases])
    columns = _columns(naming, wide or alone)
    return [
        Table(
            title=QUESTION,
            above=[about(document), naming.usual_text()],
            columns=[column for column, _ in columns],
            rows=[[cell(each) for _, cell in columns] for each in found],
            below=[
                "rate of N consumers = rate alone x N / (1 + sigma (N - 1) + kappa N (N - 1)): sigma is what is done "
                "one after the other, kappa what consumers cost each other",
                *_oversubscribed(found),
                f"fitted over {POINTS_LOW} numbers of consumers or more; others are in queuemark show",
                f"again: {document.session.plan.command}",
            ],
        )
    ]


def measured(document: SessionDocument) -> list[Scaling]:
    """Raises: UsageError when there is no line to fit."""
    from queuemark.analysis.scaling import POINTS_LOW, scalings

    found = scalings(document)
    if not found:
        raise UsageError(
            f"session {document.session.id[:8]} has no mechanism with rates at {POINTS_LOW} numbers of consumers; "
            "measure some with: queuemark run -t tcp -c 1..32"
        )
    return found


def meaning(scaling: Scaling) -> str:
    """In words: ``more than 6 consumers make it slower (4 to 9)``."""
    law, peak, last = scaling.law, scaling.peak, scaling.consumers[-1]
    if law is None or peak is None:
        return "not to be fitted: one consumer alone is too slow for the law"
    rates = [law.rate_per_s(n) for n in scaling.consumers]
    if max(rates) - min(rates) < _LEVEL_SHARE * max(rates):
        return "their number hardly matters"
    if peak.value >= last:
        return f"more make it faster up to {last}, the most that was measured"
    told = "a second consumer makes it slower" if peak.value <= 1 else f"more than {peak.value:.0f} make it slower"
    return told + _between(peak, last)


def _between(peak: Term, last: int) -> str:
    """How sure the peak is, where it is not."""
    if peak.low is None or peak.high is None:
        return " (too few trials to say how surely)"
    if peak.low == peak.high:
        return ""
    return f" ({peak.low:.0f} to {f'{peak.high:.0f}' if peak.high < last else f'{last} or more'})"


def _oversubscribed(found: Sequence[Scaling]) -> list[str]:
    results = [result for each in found for result in each.results]
    crowded = [r.case.workload.consumers for r in results if any(trial.oversubscribed for trial in r.trials)]
    return [f"from {min(crowded)} consumers on {OVERSUBSCRIBED}"] if crowded else []


def _number(
    name: str, head: str, show: Callable[[str | int | float], str], cell: Callable[[Scaling], Cell], rank: int = KEEP
) -> tuple[Column, Callable[[Scaling], Cell]]:
    return Column(name=name, head=head, show=show, rank=rank), cell


def _words(
    name: str,
    head: str,
    cell: Callable[[Scaling], Cell],
    wrap: int | None = None,
    wrap_low: int | None = None,
    rank: int = KEEP,
) -> tuple[Column, Callable[[Scaling], Cell]]:
    return Column(name=name, head=head, align="left", wrap=wrap, wrap_low=wrap_low, rank=rank), cell


def _columns(naming: Naming, ends: bool) -> list[tuple[Column, Callable[[Scaling], Cell]]]:
    """ends: each interval as two columns of numbers, and not as one of text."""
    return [
        _words("name", "transport", lambda each: naming.name(each.case), 22),
        _words("size", "size", lambda each: size_text(each.case.workload), 14),
        _words("policy", "policy", lambda each: policy_text(each.case.workload.policy)),
        _words("consumers", "con-\nsumers", lambda each: f"{each.consumers[0]}-{each.consumers[-1]}", rank=1),
        _number("rate_alone_per_s", "alone\nper s", as_count, _alone, 2),
        *_term("sigma", "sigma", _as_term, lambda each: each.sigma, ends),
        *_term("kappa", "kappa", _as_term, lambda each: each.kappa, ends),
        *_term("peak", "fastest\nat", _as_whole, lambda each: each.peak, ends),
        _number("farthest", "off by", _as_off, lambda each: each.farthest, 3),
        _words("meaning", "more consumers", meaning, 40, 18),
    ]


def _alone(scaling: Scaling) -> Cell:
    return scaling.law.rate_alone_per_s if scaling.law else None


def _term(
    name: str,
    head: str,
    show: Callable[[str | int | float], str],
    term: Callable[[Scaling], Term | None],
    ends: bool,
) -> Iterator[tuple[Column, Callable[[Scaling], Cell]]]:
    """A figure and its interval."""

    def part(field: str) -> Callable[[Scaling], Cell]:
        return lambda each: _finite(getattr(term(each), field, None))

    def interval(each: Scaling) -> Cell:
        held = [part(field)(each) for field in ("low", "high")]
        return "-".join("..." if end is None else show(end) for end in held) if held[0] is not None else None

    yield _number(name, head, show, part("value"))
    if ends:
        yield _number(f"{name}_low", "95 %\nlow", show, part("low"))
        yield _number(f"{name}_high", "95 %\nhigh", show, part("high"))
    elif name != "peak":  # Its interval is in the words.
        yield _number(f"{name}_interval", "95 %", str, interval)


def _finite(value: float | None) -> float | None:
    """A peak that there is not is no number."""
    return value if value is not None and isfinite(value) else None


def _as_term(value: str | int | float) -> str:
    return "0" if not float(value) else f"{float(value):.2g}" if float(value) >= 1e-4 else "< 0.0001"


def _as_whole(value: str | int | float) -> str:
    return f"{float(value):.0f}"


def _as_off(value: str | int | float) -> str:
    """A law that is far from what it fits is marked."""
    return as_percent(value) + ("!" if float(value) > _FAR_SHARE else "")
