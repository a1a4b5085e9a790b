"""When a case has enough trials (M16): a rule that is stored with the plan, and asked before each further trial.

1. A case goes on until half of the 95 % interval of its median rate is within the share asked for, or until it has
   all the repeats of the plan. At least REPEATS_LOW trials are run, and every one is kept.
2. A case of which no trial has a rate after so many goes no further: there is nothing to narrow.
3. The rule looks at the interval only, never at the rate: which way a result leans neither ends nor prolongs it. Still,
   who stops when the interval is narrow stops sooner where it happens to be: its true coverage is a little lower.
"""

from __future__ import annotations

__all__ = ["REPEATS_LOW", "Stopping"]

from collections import defaultdict

from queuemark.analysis.estimates import half_width, median_estimate
from queuemark.model.plan import Case, Plan, case_key
from queuemark.model.trial import Trial, figures

REPEATS_LOW = 5


class Stopping:
    """The rule of one plan, with the trials of its cases so far; without a rule no case ever has enough."""

    def __init__(self, plan: Plan) -> None:
        self._share = None if plan.until_percent is None else plan.until_percent / 100
        self._rates: defaultdict[str, list[float | None]] = defaultdict(list)

    def add(self, case: Case, trial: Trial) -> None:
        if self._share is not None:
            self._rates[case_key(case)].append(figures(trial, case.workload).rate_per_s)

    def enough(self, case: Case) -> bool:
        """Whether the case needs no further trial."""
        if self._share is None:
            return False
        trials = self._rates[case_key(case)]
        if len(trials) < REPEATS_LOW:
            return False
        rates = [rate for rate in trials if rate is not None]
        width = half_width(median_estimate(rates)) if rates else None
        return not rates or (width is not None and width <= self._share)
