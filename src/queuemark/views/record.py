"""A whole session as one table for other programs: a row a case, a trial or a consumer, units in the names."""

from __future__ import annotations

__all__ = ["LEVELS", "record_table"]

from collections.abc import Callable

from queuemark.model.mix import mix_text
from queuemark.model.plan import case_key
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.views.case import consumer_table, trial_table
from queuemark.views.rates import rates_table
from queuemark.views.table import Cell, Column, Table

LEVELS = ("case", "trial", "consumer")


def record_table(document: SessionDocument, level: str) -> Table:
    """level: one of LEVELS. document: with estimates for the level ``case``."""
    if level == "case":
        return _begun(document, rates_table(document, wide=True, alone=True))
    part: Callable[[CaseResult], Table] = trial_table if level == "trial" else consumer_table
    tables = [(number, result, part(result)) for number, result in enumerate(document.cases, 1)]
    empty = part(CaseResult(case=document.cases[0].case, trials=[])) if document.cases else None
    joined = Table(
        title="",
        columns=[*(Column(name=name, head=name) for name in _CASE), *(empty.columns if empty else [])],
        rows=[[*_cells(number, result), *row] for number, result, table in tables for row in table.rows],
    )
    return _begun(document, joined)


def _begun(document: SessionDocument, table: Table) -> Table:
    """The session's id before every row, so that tables of several sessions can be put together."""
    return Table(
        title=table.title,
        columns=[Column(name="session", head="session"), *table.columns],
        rows=[[document.session.id, *row] for row in table.rows],
    )


_WORKLOAD = (
    "size_bytes",
    "consumers",
    "pattern",
    "dispatch",
    "policy",
    "linger_us",
    "ack",
    "wait",
    "placement",
    "items",
    "duration_s",
    "warmup_s",
    "verify",
)
_CASE = (
    *("case", "key", "transport", "runtime", "params", *_WORKLOAD, "messages", "mix"),
    *("offered_per_s", "stamp_every", "in_flight"),
)


def _cells(number: int, result: CaseResult) -> list[Cell]:
    case, load = result.case, result.case.workload
    params = " ".join(f"{name}={value}" for name, value in case.params.items())
    own = load.messages.name if load.messages else None
    in_flight = load.in_flight if load.pattern == "pingpong" else None
    told: list[Cell] = [getattr(load, name) for name in _WORKLOAD]
    of_case: list[Cell] = [number, case_key(case), case.transport, case.runtime, params]
    return [*of_case, *told, own, mix_text(load.mix) or None, load.rate_per_s, load.stamp_every, in_flight]
