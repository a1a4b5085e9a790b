"""The views of a session by name: each answers one question, by tables and, where it helps, by a picture.

A new view is a file beside this one and a line here. What a view cannot show of a session it says by a UsageError that
names what to measure.
"""

from __future__ import annotations

__all__ = ["VIEWS", "View", "view_named"]

from typing import Protocol

import msgspec

from queuemark.model.errors import UsageError, nearest
from queuemark.model.session import SessionDocument
from queuemark.views import (
    case,
    classic,
    cost,
    findings,
    front,
    heat,
    latency,
    limits,
    load,
    offered,
    rates,
    scaling,
    trials,
)
from queuemark.views.axes import Scale
from queuemark.views.classic_chart import classic_chart
from queuemark.views.cost_chart import cost_chart
from queuemark.views.front_chart import front_chart
from queuemark.views.heat_chart import heat_chart
from queuemark.views.latency_chart import latency_chart
from queuemark.views.limits_chart import limits_chart
from queuemark.views.load_chart import load_chart
from queuemark.views.rates_chart import rates_chart
from queuemark.views.scaling_chart import scaling_chart
from queuemark.views.table import Table
from queuemark.views.theme import Spec
from queuemark.views.trials_chart import trials_chart


class Tables(Protocol):
    """document: with estimates. wide: every column. alone: for rows that stand without what is around them."""

    def __call__(self, document: SessionDocument, *, wide: bool = False, alone: bool = False) -> list[Table]: ...


class Chart(Protocol):
    """document: with estimates. scale: of the axes of quantities. Raises: UsageError where there is nothing to draw."""

    def __call__(self, document: SessionDocument, *, scale: Scale = "log") -> Spec: ...


class View(msgspec.Struct, frozen=True, kw_only=True):
    """question: the title of its tables and of its chart. chart: None where there is none.

    histograms: it looks into those of the trials' latencies, which most of what is shown never needs.
    """

    question: str
    tables: Tables
    chart: Chart | None = None
    histograms: bool = False


VIEWS: dict[str, View] = {
    "rates": View(question=rates.QUESTION, tables=rates.rates_tables, chart=rates_chart),
    "classic": View(question=classic.QUESTION, tables=classic.grid_tables, chart=classic_chart),
    "heat": View(question=heat.QUESTION, tables=heat.heat_tables, chart=heat_chart),
    "trials": View(question=trials.QUESTION, tables=trials.trials_tables, chart=trials_chart),
    "offered": View(question=offered.QUESTION, tables=offered.offered_tables),
    "latency": View(question=latency.QUESTION, tables=latency.latency_tables, chart=latency_chart, histograms=True),
    "front": View(question=front.QUESTION, tables=front.front_tables, chart=front_chart),
    "load": View(question=load.QUESTION, tables=load.load_tables, chart=load_chart, histograms=True),
    "findings": View(question=findings.QUESTION, tables=findings.findings_tables),
    "scaling": View(question=scaling.QUESTION, tables=scaling.scaling_tables, chart=scaling_chart),
    "limits": View(question=limits.QUESTION, tables=limits.limits_tables, chart=limits_chart),
    "cost": View(question=cost.QUESTION, tables=cost.cost_tables, chart=cost_chart),
    "case": View(question=case.QUESTION, tables=case.every_case_tables),
}


def view_named(name: str) -> View:
    """Raises: UsageError with the nearest known view."""
    if name not in VIEWS:
        raise UsageError(f"unknown view {name!r}; {nearest(name, VIEWS)}")
    return VIEWS[name]
