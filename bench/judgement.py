"""The rule by which a ratio is judged.

1. The interval is the bootstrap 95 % interval of the median over pairs, never over messages.
2. A target r is met when the median is at least r and the lower end at least r - 0.05.
3. Fewer than 15 pairs give figures and no verdict.
"""

from __future__ import annotations

__all__ = ["PAIRS_LOW", "Interval", "median_interval", "ratio_verdict"]

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PAIRS_LOW = 15
SLACK = 0.05
RESAMPLES = 10_000


@dataclass(frozen=True)
class Interval:
    """The median with the ends of its 95 % interval, in the unit of the samples."""

    median: float
    low: float
    high: float


def median_interval(samples: Sequence[float], seed: int = 1) -> Interval:
    """Percentile bootstrap of the median; the same seed gives the same interval."""
    values = np.asarray(samples, dtype=float)
    drawn = np.random.default_rng(seed).choice(values, size=(RESAMPLES, len(values)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return Interval(float(np.median(values)), float(low), float(high))


def ratio_verdict(interval: Interval, target: float, pairs: int) -> str:
    """``met``, ``missed`` or ``too few pairs``."""
    if pairs < PAIRS_LOW:
        return "too few pairs"
    return "met" if interval.median >= target and interval.low >= target - SLACK else "missed"
