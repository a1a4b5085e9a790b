"""How far do the trials of a case lie apart? One line a case, those that scatter the most first.

1. Every trial is told of: those with a rate, those that failed, and those whose rate is withheld or that did not run.
2. Outliers are named and counted like all others (M15).
"""

from __future__ import annotations

__all__ = ["QUESTION", "scatter", "trials_tables"]

from collections.abc import Callable
from math import inf

from queuemark.model.errors import UsageError
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.views.ending import state_text
from queuemark.views.header import about
from queuemark.views.marks import marked_texts
from queuemark.views.naming import policy_text, size_text
from queuemark.views.numbers import as_count, as_percent
from queuemark.views.series import Names
from queuemark.views.table import Cell, Column, Table

QUESTION = "How far do the trials of a case lie apart?"


def scatter(result: CaseResult) -> float:
    """How much higher the highest rate is than the lowest, as a share; infinite where a trial failed."""
    if any(trial.state == "failed" for trial in result.trials):
        return inf
    rates = _rates(result)
    return max(rates) / min(rates) - 1 if rates else 0.0


def trials_tables(document: SessionDocument, *, wide: bool = False, alone: bool = False) -> list[Table]:
    """One table; document: with estimates. Raises: UsageError when there is no trial."""
    if not any(result.trials for result in document.cases):
        raise UsageError(f"session {document.session.id[:8]} has no trial yet; go on with: queuemark run --resume")
    names = Names.of(document.cases)
    numbered = sorted(enumerate(document.cases, 1), key=lambda each: (-scatter(each[1]), each[0]))
    return [
        Table(
            title=QUESTION,
            above=[about(document), names.naming.usual_text()],
            columns=[_NUMBER, _NAME, *(column for column, _ in _COLUMNS)],
            rows=[
                [number, names.naming.name(result.case), *(cell(result) for _, cell in _COLUMNS)]
                for number, result in numbered
            ],
            below=["every trial of a case: queuemark show --case N", f"again: {document.session.plan.command}"],
        )
    ]


def _rates(result: CaseResult) -> list[float]:
    """Of the trials that its median is made of."""
    return [rate for _, rate in result.rated() if rate]


def _end(pick: Callable[[list[float]], float]) -> Callable[[CaseResult], Cell]:
    return lambda result: pick(_rates(result)) if _rates(result) else None


def _spread(result: CaseResult) -> Cell:
    rates = _rates(result)
    return max(rates) / min(rates) - 1 if len(rates) > 1 else None


def _states(state: str) -> Callable[[CaseResult], Cell]:
    return lambda result: sum(state_text(trial) == state for trial in result.trials) or None


_NUMBER = Column(name="case", head="#", rank=2)
_NAME = Column(name="name", head="transport", align="left", wrap=22)

_COLUMNS: tuple[tuple[Column, Callable[[CaseResult], Cell]], ...] = (
    (Column(name="size", head="size", align="left", wrap=14), lambda result: size_text(result.case.workload)),
    (Column(name="consumers", head="con-\nsumers"), lambda result: result.case.workload.consumers),
    (Column(name="policy", head="policy", align="left"), lambda result: policy_text(result.case.workload.policy)),
    (Column(name="trials", head="trials"), lambda result: len(result.trials)),
    (Column(name="failed", head="failed"), _states("failed")),
    (Column(name="unproved", head="not\nproved", rank=2), _states("not proved")),
    (Column(name="unavailable", head="did not\nrun", rank=3), _states("unavailable")),
    (Column(name="rate_lowest_per_s", head="lowest\nper s", show=as_count), _end(min)),
    (
        Column(name="rate_per_s", head="median\nper s", show=as_count),
        lambda result: result.rate_per_s.median if result.rate_per_s else None,
    ),
    (Column(name="rate_highest_per_s", head="highest\nper s", show=as_count), _end(max)),
    (Column(name="spread", head="apart", show=as_percent), _spread),
    (
        Column(name="outliers", head="out-\nliers"),
        lambda result: len(result.marks.outliers) or None if result.marks else None,
    ),
    (
        Column(name="remarks", head="remarks", align="left", wrap=40, wrap_low=20, rank=1),
        lambda result: "; ".join(marked_texts(result)) or None,
    ),
)
