"""How steady a trial was (M8): how much its rate varied from window to window.

1. The last ten windows of a trial are looked at, each as long as its points of progress allow.
2. Too few points, or too few messages in a window to tell a rate by, and nothing is said.

Source: Georges, Buytaert, Eeckhout: Statistically Rigorous Java Performance Evaluation, OOPSLA 2007, section 4.2.
"""

from __future__ import annotations

__all__ = ["STEADY_HIGH", "WINDOWS", "rate_variation"]

from collections.abc import Sequence
from itertools import pairwise
from math import fsum, sqrt
from statistics import fmean

WINDOWS = 10

STEADY_HIGH = 0.02
"""A rate that varies by less than this share of it is steady."""

_MESSAGES_LOW = 100
"""In a window, on average: the one message more or less that falls into it must not look like a change of the rate."""


def rate_variation(progress: Sequence[tuple[int, int]]) -> float | None:
    """The coefficient of variation of the rate over the last windows: standard deviation by mean.

    progress: (nanoseconds since the window opened, messages delivered until then), as they went on. None where they
    are too few, or do not go on.
    """
    length = (len(progress) - 1) // WINDOWS
    if length < 1:
        return None
    ends = progress[len(progress) - 1 - WINDOWS * length :: length]
    spans = [(late[0] - early[0], late[1] - early[1]) for early, late in pairwise(ends)]
    if any(elapsed_ns <= 0 or delivered < 0 for elapsed_ns, delivered in spans):
        return None
    if fmean(delivered for _, delivered in spans) < _MESSAGES_LOW:
        return None
    rates = [delivered / elapsed_ns for elapsed_ns, delivered in spans]
    mean = fmean(rates)
    # Not statistics.stdev: it counts in fractions, and a session has thousands of these.
    return sqrt(fsum((rate - mean) ** 2 for rate in rates) / (len(rates) - 1)) / mean
