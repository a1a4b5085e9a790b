"""Whether a case kept what is looked for at its rate, over all trials that it had.

1. A trial that did not prove its delivery, or that did not reach the rate that was set, keeps no promise.
2. Without loss means that none of its trials lost a message; p99 is that of all its trials together (M10).
3. Too few samples for p99 are no verdict.
"""

from __future__ import annotations

__all__ = ["outcome"]

from statistics import median

from queuemark.analysis.latency import merged_part
from queuemark.model.histogram import PERCENTILES, percentile_ns
from queuemark.model.search import Outcome, Search
from queuemark.model.session import CaseResult


def outcome(result: CaseResult, search: Search) -> Outcome:
    """What the trials of a case came to; it needs no estimates."""
    rates = [trial.rate_per_s for trial in result.trials if trial.rate_per_s is not None]
    return Outcome(
        rate_per_s=median(rates) if rates else None,
        kept=_kept(result, search) if result.trials else None,
        trials=len(result.trials),
    )


def _kept(result: CaseResult, search: Search) -> bool | None:
    if any(not trial.delivery_proved or trial.saturated for trial in result.trials):
        return False
    if search.goal == "lossless":
        return not any(trial.lost for trial in result.trials)
    if search.goal == "p99" and search.bound_ns is not None:
        return _within(result, search.bound_ns)
    return True


def _within(result: CaseResult, bound_ns: int) -> bool | None:
    times = merged_part(result, "histogram")
    p99_ns = percentile_ns(times, PERCENTILES["p99_ns"]) if times is not None else None
    return None if p99_ns is None else p99_ns <= bound_ns
