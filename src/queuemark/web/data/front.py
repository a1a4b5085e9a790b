"""The front page: what was reached, what came in last, and how to take part."""

from __future__ import annotations

__all__ = ["BestLine", "FrontPage", "TotalsData", "front"]

import msgspec

from queuemark.model.summary import CaseSummary
from queuemark.store.record import Record
from queuemark.store.rows import Best
from queuemark.web.data.page import Page, SessionLine, machine_name

_BEST_HIGH = 20
_RECENT_HIGH = 10


class TotalsData(msgspec.Struct, frozen=True, kw_only=True):
    """Of everything that is public."""

    sessions: int
    cases: int
    trials: int
    platforms: int


class BestLine(msgspec.Struct, frozen=True, kw_only=True):
    """The case of a mechanism that came nearest to its limit."""

    case: CaseSummary
    path: str
    session: str
    machine: str
    platform_path: str


class FrontPage(Page, frozen=True, kw_only=True):
    """best: by share of limit, the highest first. recent: the newest first."""

    totals: TotalsData
    best: list[BestLine]
    recent: list[SessionLine]


def front(record: Record) -> FrontPage:
    totals = record.totals()
    return FrontPage(
        title="How fast do messages move, and what bounds them?",
        summary="Measured rates and latencies of message passing: by mechanism, machine and message size.",
        path="/",
        section="/",
        data="/api/front",
        totals=TotalsData(
            sessions=totals.sessions, cases=totals.cases, trials=totals.trials, platforms=totals.platforms
        ),
        best=[_line(best) for best in record.best(_BEST_HIGH)],
        recent=[SessionLine.of(row) for row in record.recent(_RECENT_HIGH)],
    )


def _line(best: Best) -> BestLine:
    return BestLine(
        case=best.case.summary,
        path=f"/sessions/{best.case.session_id}/cases/{best.case.summary.key}",
        session=best.case.session_id,
        machine=machine_name(best.case.platform),
        platform_path=f"/platforms/{best.case.platform.id}",
    )
