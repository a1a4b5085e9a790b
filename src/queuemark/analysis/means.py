"""Which mean belongs to which quantity (M18); numbers of different kinds are never averaged together.

- Rates harmonically: so many messages each at two rates take the time that their harmonic mean tells.
- Times arithmetically: so many steps take the sum of their times.
- Ratios geometrically: twice as fast and half as fast cancel out, whichever of two sides is the base.

Source: Fleming, Wallace: How Not to Lie with Statistics: The Correct Way to Summarize Benchmark Results,
Communications of the ACM 29(3), 1986.
"""

from __future__ import annotations

__all__ = ["rates_mean", "ratios_mean", "times_mean"]

from collections.abc import Sequence
from statistics import fmean, geometric_mean, harmonic_mean


def rates_mean(rates: Sequence[float]) -> float:
    """Of rates, each above 0 and of an equal share of the work; at least one."""
    return float(harmonic_mean(rates))


def times_mean(times: Sequence[float]) -> float:
    """Of times in one unit; at least one."""
    return fmean(times)


def ratios_mean(ratios: Sequence[float]) -> float:
    """Of ratios, each above 0; at least one."""
    return geometric_mean(ratios)
