"""How near does each result come to what this machine allows, and what binds it? One line a case, the nearest first.

1. A limit is computed from the session's probes and from what the transport declares, and from nothing measured since.
2. A result that is above its limit says so: the model is wrong there, not the machine (M23).
"""

from __future__ import annotations

__all__ = ["QUESTION", "limits_tables"]

from queuemark.model.errors import UsageError
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.views.drift import drift_texts
from queuemark.views.header import about
from queuemark.views.naming import Naming, policy_text, size_text
from queuemark.views.numbers import as_count, as_percent
from queuemark.views.table import Cell, Column, Table

QUESTION = "How near does each result come to what this machine allows?"

_USUAL_LOW = 0.30
"""Below this, something else than what the model knows sets the rate: most often waiting and waking."""


def limits_tables(document: SessionDocument, *, wide: bool = False, alone: bool = False) -> list[Table]:
    """One table; document: with estimates.

    Raises: UsageError when no case has a limit.
    """
    found = [result for result in document.cases if result.limit is not None and result.limit.share is not None]
    if not found:
        raise UsageError(
            f"session {document.session.id[:8]} has no limits: they need the probes that 'queuemark run' makes unless "
            "--no-probes is given, and a transport whose runner declares what a message costs"
        )
    naming = Naming.of([result.case for result in document.cases])
    ordered = sorted(found, key=_share, reverse=True)
    return [
        Table(
            title=QUESTION,
            above=[about(document), naming.usual_text()],
            columns=list(_COLUMNS),
            rows=[_row(result, naming) for result in ordered],
            below=[
                *_spread(ordered),
                "a limit: nobody sleeps but where both ends share a cpu, and nothing comes from another core's cache",
                *drift_texts(document),
                f"again: {document.session.plan.command}",
            ],
        )
    ]


def _share(result: CaseResult) -> float:
    return (result.limit.share if result.limit else None) or 0.0


def _row(result: CaseResult, naming: Naming) -> list[Cell]:
    load, limit = result.case.workload, result.limit
    rate_per_s = result.rate_per_s.median if result.rate_per_s else None
    return [
        naming.name(result.case),
        size_text(load),
        load.consumers,
        policy_text(load.policy),
        rate_per_s,
        limit.rate_per_s if limit else None,
        _share(result),
        None if limit is None else limit.bound_by + ("; above its limit: the model is wrong here" * limit.beyond),
    ]


_COLUMNS = (
    Column(name="name", head="transport", align="left", wrap=22),
    Column(name="size", head="size", align="left", wrap=14),
    Column(name="consumers", head="con-\nsumers"),
    Column(name="policy", head="policy", align="left"),
    Column(name="rate_per_s", head="messages\nper s", show=as_count),
    Column(name="limit_per_s", head="limit\nper s", show=as_count),
    Column(name="share", head="of its\nlimit", show=as_percent),
    Column(name="bound_by", head="bound by", align="left", wrap=40, wrap_low=24),
)


def _spread(ordered: list[CaseResult]) -> list[str]:
    beyond = sum(result.limit.beyond for result in ordered if result.limit)
    below = sum(_share(result) < _USUAL_LOW for result in ordered)
    fitting = len(ordered) - beyond - below
    return [
        f"{fitting} of {len(ordered)} between 30 and 105 % of their limit, {below} below, {beyond} above",
    ]
