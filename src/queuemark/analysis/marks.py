"""What is conspicuous about the trials of a case: marked, and nothing is left out for it (M8, M15).

1. Unsteady: the rate still varied at the end of the trial (model/progress.py).
2. Outliers: rates far from the others by the modified z-score, whose median and median absolute deviation a few wild
   values do not move. Five trials that differ by nothing but normal noise have one in a fifth of all cases, thirty in
   a tenth: a mark says that a trial is worth a look, not that it is wrong.
3. Two modes: the rates fall into two groups, so that their median describes neither.

With few trials most tests of two modes are worthless: the dip test finds next to nothing below twenty values, and
mixtures that are fitted to five find two parts everywhere. The widest gap between neighbours needs no fit. It is taken
in the logarithms, and only where each side keeps a quarter of the trials, and two at least: a straggler is an
outlier and no mode. Were the rates spread evenly between the lowest and the highest, one of m such gaps would be a
share g of the whole with a probability of at most m (1 - g)^(n - 2). That bound is kept below 5 %; noise that has its
middle where the most is leaves smaller gaps there, so it is mistaken for two modes in about 2 %.

Sources: Iglewicz, Hoaglin: How to Detect and Handle Outliers, ASQC 1993, for 0.6745, 1.2533 and 3.5; David, Nagaraja:
Order Statistics, 3rd edition, 2003, section 6.4, for the gaps of evenly spread values.
"""

from __future__ import annotations

__all__ = ["OUTLIER_LOW", "TRIALS_LOW", "case_marks", "outliers", "two_modes"]

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, log
from statistics import fmean, median

from queuemark.model.progress import STEADY_HIGH
from queuemark.model.session import CaseResult, Marks, Mode

OUTLIER_LOW = 3.5
"""The modified z-score above which a value is an outlier."""

TRIALS_LOW = 5
"""With fewer there is no saying what is far from the others, and what are two groups."""

_CHANCE = 0.05
_APART_LOW = 0.02
"""Groups that are nearer to each other than this share are one for whoever reads the median."""


def case_marks(case: CaseResult, *, too_wide: bool = False) -> Marks:
    """Of the trials that have a rate; too_wide: see Marks."""
    rated = case.rated()
    rates = [rate for _, rate in rated]
    split = two_modes(rates)
    varied = [(trial.repeat, trial.rate_variation) for trial, _ in rated if trial.rate_variation is not None]
    return Marks(
        judged=len(varied),
        unsteady=[repeat for repeat, variation in varied if variation >= STEADY_HIGH],
        outliers=[rated[place][0].repeat for place in outliers(rates)],
        modes=[Mode(trials=len(group), rate_per_s=median(group)) for group in split or ()],
        too_wide=too_wide,
    )


def outliers(values: Sequence[float]) -> list[int]:
    """The places of those that lie far from the others; none of fewer than five."""
    if len(values) < TRIALS_LOW:
        return []
    middle = median(values)
    away = [abs(value - middle) for value in values]
    # Where more than half are alike their median tells nothing of the spread; the mean still does.
    scale = median(away) / 0.6745 or 1.253314 * fmean(away)
    return [place for place, distance in enumerate(away) if distance > OUTLIER_LOW * scale]


def two_modes(rates: Sequence[float]) -> tuple[list[float], list[float]] | None:
    """The two groups into which rates above 0 fall, the lower first, or None where they may as well be one."""
    ordered = sorted(rates)
    side = max(2, ceil(len(ordered) / 4))
    if len(ordered) < TRIALS_LOW or ordered[0] == ordered[-1]:
        return None
    gaps = [log(high / low) for low, high in pairwise(ordered)]
    inner = gaps[side - 1 : len(ordered) - side]
    widest = max(inner)
    chance = len(inner) * (1 - widest / sum(gaps)) ** (len(ordered) - 2)
    if chance > _CHANCE or widest < _APART_LOW:
        return None
    cut = side + inner.index(widest)
    return ordered[:cut], ordered[cut:]
