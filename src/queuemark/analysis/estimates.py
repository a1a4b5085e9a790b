"""The rate of a case: the median over its trials, with a 95 % interval.

1. The interval is over fresh process trees, never over messages; trials are what is drawn again.
2. It is the bootstrap's own limit, computed exactly instead of by drawing: the same trials always
   give the same interval.
3. A trial that did not prove its delivery, or whose rate is withheld, does not count; below 3 trials
   that count there is no interval. Only where nothing at all was counted, what was said stands in their place.

Sources: Kalibera, Jones: Rigorous Benchmarking in Reasonable Time, ISMM 2013. Efron: Bootstrap Methods,
Annals of Statistics 7(1), 1979, section 3, for the exact distribution of a resampled median.
"""

from __future__ import annotations

__all__ = ["CONFIDENCE", "TRIALS_LOW", "half_width", "median_estimate", "reach", "too_wide", "with_estimates"]

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import exp, lgamma, log
from statistics import median

import msgspec

from queuemark.analysis.latency import case_latency
from queuemark.analysis.limits import Known, case_limit
from queuemark.analysis.marks import case_marks
from queuemark.model.plan import Plan
from queuemark.model.probe import Probes
from queuemark.model.session import CaseResult, Estimate, SessionDocument

CONFIDENCE = 0.95
TRIALS_LOW = 3

_NEGLIGIBLE = 1e-12


def with_estimates(document: SessionDocument) -> SessionDocument:
    """The document with the rate, the latency, the marks and the limit of each case; those in it are not looked at."""
    session = document.session
    probes = Probes.best(session.probes_before, session.probes_after)
    cases = [_estimated(session.plan, case) for case in document.cases]
    if probes:
        known: Known = {}
        for case in cases:
            case.limit = case_limit(case, session.costs.get(case.case.transport), probes, known)
    return msgspec.structs.replace(document, cases=cases)


def _estimated(plan: Plan, case: CaseResult) -> CaseResult:
    rate_per_s = _rate(case)
    marks = case_marks(case, too_wide=too_wide(plan, len(case.trials), rate_per_s))
    return CaseResult(
        case=case.case, trials=case.trials, rate_per_s=rate_per_s, latency=case_latency(case), marks=marks
    )


def half_width(estimate: Estimate) -> float | None:
    """Half of the interval as a share of the median; None where there is no interval."""
    if estimate.low is None or estimate.high is None:
        return None
    return (estimate.high - estimate.low) / 2 / estimate.median


def too_wide(plan: Plan, trials: int, estimate: Estimate | None) -> bool:
    """Whether a case has all trials of a plan that goes on until the interval is narrow, and its own is not."""
    if plan.until_percent is None or trials < plan.repeats or estimate is None:
        return False
    width = half_width(estimate)
    return width is None or width > plan.until_percent / 100


def _rate(case: CaseResult) -> Estimate | None:
    rates = [rate for _, rate in case.rated()]
    return median_estimate(rates) if rates else None


def median_estimate(values: Sequence[float]) -> Estimate:
    """The median and its interval; values: at least one."""
    if len(values) < TRIALS_LOW:
        return Estimate(median=median(values), low=None, high=None)
    tail = (1 - CONFIDENCE) / 2
    low, high = _quantiles(sorted(values), (tail, 1 - tail))
    return Estimate(median=median(values), low=low, high=high)


def reach(estimate: Estimate) -> float | None:
    """The farther end of the interval, as a share of the median; None without an interval."""
    if estimate.low is None or estimate.high is None:
        return None
    return max(estimate.median - estimate.low, estimate.high - estimate.median) / estimate.median


def _quantiles(ordered: Sequence[float], wanted: Sequence[float]) -> list[float]:
    """Quantiles of the median of as many values drawn from ``ordered`` with replacement."""
    chances = _chances(len(ordered))
    weighted = sorted(((ordered[i] + ordered[j]) / 2 if i != j else ordered[i], chance) for i, j, chance in chances)
    found: list[float] = []
    below = 0.0
    for value, probability in weighted:
        below += probability
        while len(found) < len(wanted) and below >= wanted[len(found)]:
            found.append(value)
    # The probabilities add up to 1 but for rounding.
    return found + [ordered[-1]] * (len(wanted) - len(found))


@lru_cache(maxsize=64)
def _chances(n: int) -> list[tuple[int, int, float]]:
    """Between which two of n ordered values the median of n draws can lie, and how probable that is."""
    return list(_even_medians(n) if n % 2 == 0 else _odd_medians(n))


def _odd_medians(n: int) -> Iterator[tuple[int, int, float]]:
    """The median of an odd number of draws is one of the values."""
    for i in range(n):
        yield i, i, _at_least(n // 2 + 1, n, (i + 1) / n) - _at_least(n // 2 + 1, n, i / n)


def _even_medians(n: int) -> Iterator[tuple[int, int, float]]:
    """That of an even number lies between the two middle draws, i and j, with half of the draws on each side."""
    half = n // 2
    for i in range(n):
        upto_i = _at_least(half, n, (i + 1) / n) - _at_least(half, n, i / n)
        beyond = _halves(n, i + 1, n - i - 1) - _halves(n, i, n - i - 1)
        yield i, i, upto_i - beyond
        for j in range(i + 1, n):
            after = _halves(n, i + 1, n - j - 1) - _halves(n, i, n - j - 1)
            yield i, j, beyond - after
            beyond = after
            if beyond < _NEGLIGIBLE:
                break


def _halves(n: int, first: int, last: int) -> float:
    """The probability that half of n draws are among the first values and half among the last; the two are apart."""
    if not first or not last:
        return 0.0
    return exp(_log_ways(n, n // 2) + n // 2 * log(first / n * (last / n)))


def _at_least(k: int, n: int, p: float) -> float:
    """The probability of at least k hits in n tries of probability p each."""
    if p in (0, 1):
        return float(p)
    return sum(exp(_log_ways(n, hits) + hits * log(p) + (n - hits) * log(1 - p)) for hits in range(k, n + 1))


def _log_ways(n: int, k: int) -> float:
    # In logarithms: beyond 1029 draws the number itself is above the largest float.
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
