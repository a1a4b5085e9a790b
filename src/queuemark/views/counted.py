"""What the hardware counted of a trial, or why it could not, in one line."""

from __future__ import annotations

__all__ = ["counters_text", "counters_texts"]

from collections.abc import Iterable

from queuemark.model.counters import Counters
from queuemark.model.session import CaseResult
from queuemark.views.numbers import as_percent


def counters_text(counters: Counters | None) -> str | None:
    """What is missing and why; ``counted`` where nothing is; None where the runner says nothing."""
    if counters is None:
        return None
    share = counters.counted_share
    shared = share is not None and share < 1
    counted = f"counted {as_percent(share)} of the time and reckoned up" if share and shared else None
    return "; ".join(part for part in (counted, counters.reason) if part) or "counted"


def counters_texts(results: Iterable[CaseResult]) -> list[str]:
    """One line for each thing that is to be said of the counters of all these trials; none where all were counted."""
    trials = [trial for result in results for trial in result.trials]
    told = dict.fromkeys(_remark(trial.counters) for trial in trials)
    return [f"hardware counters: {remark}" for remark in told if remark]


def _remark(counters: Counters | None) -> str | None:
    """Shares differ from trial to trial and stand with each; here counts only that there was one."""
    if counters is None:
        return None
    share = counters.counted_share
    shared = "shared with others, so their counts are reckoned up" if share and share < 1 else None
    return "; ".join(part for part in (shared, counters.reason) if part) or None
