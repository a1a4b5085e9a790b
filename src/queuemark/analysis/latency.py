"""The latency of a case: percentiles of all its trials' samples together, with a 95 % interval over the trials.

1. Histograms are merged and percentiles never averaged (M10); the interval is over fresh process trees, never over
   messages (M13): whole trials are drawn again, merged, and the percentile read off.
2. Up to 7 trials every draw is counted with its probability, so that the interval is the bootstrap's own limit; beyond
   that 2000 draws are made, always the same.
3. A trial that did not prove its delivery does not count; below 3 trials there is no interval.

Source: Kalibera, Jones: Rigorous Benchmarking in Reasonable Time, ISMM 2013.
"""

from __future__ import annotations

__all__ = ["Part", "case_latency", "latencies", "merged_part"]

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations_with_replacement
from math import factorial, prod
from typing import TYPE_CHECKING, Literal

from queuemark.model.histogram import (
    PERCENTILES,
    Percentile,
    bucket_bounds_ns,
    held_counts,
    mean_ns,
    merged,
    percentiles_ns,
)
from queuemark.model.latency import Histogram, Latency
from queuemark.model.session import CaseLatency, CaseResult, Quantile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONFIDENCE = 0.95
TRIALS_LOW = 3

_EXACT_HIGH = 7
_DRAWS = 2000

Part = Literal["histogram", "raw", "pacing"]


def latencies(result: CaseResult) -> list[Latency]:
    """Of the trials that proved their delivery and have any samples."""
    ok = [trial.latency for trial in result.trials if trial.delivery_proved and trial.latency is not None]
    return [latency for latency in ok if latency.histogram.samples]


def merged_part(result: CaseResult, part: Part) -> Histogram | None:
    """All trials' samples of one kind; None where no trial has any."""
    found = [getattr(latency, part) for latency in latencies(result)]
    found = [histogram for histogram in found if histogram is not None]
    return merged(found) if found else None


def case_latency(result: CaseResult) -> CaseLatency | None:
    """None where no trial has any samples."""
    measured = latencies(result)
    if not measured:
        return None
    whole = merged(latency.histogram for latency in measured)
    quantiles = _quantiles(whole, [latency.histogram for latency in measured])
    return CaseLatency(
        kind=measured[0].kind,
        every=max(latency.every for latency in measured),
        samples=whole.samples,
        missed=sum(latency.missed for latency in measured),
        min_ns=whole.min_ns,
        max_ns=whole.max_ns,
        mean_ns=mean_ns(whole),
        **quantiles,
    )


def _quantiles(whole: Histogram, parts: Sequence[Histogram]) -> dict[str, Quantile | None]:
    values = percentiles_ns(whole)
    known = {name: percentile for name, percentile in PERCENTILES.items() if values[name] is not None}
    intervals = _intervals(whole, parts, known) if len(parts) >= TRIALS_LOW and known else {}
    return {
        name: None if value_ns is None else _quantile(value_ns, intervals.get(name))
        for name, value_ns in values.items()
    }


def _quantile(value_ns: int, interval: tuple[int, int] | None) -> Quantile:
    low_ns, high_ns = interval or (None, None)
    return Quantile(value_ns=value_ns, low_ns=low_ns, high_ns=high_ns)


def _intervals(
    whole: Histogram, parts: Sequence[Histogram], wanted: dict[str, Percentile]
) -> dict[str, tuple[int, int]]:
    """(low, high) in ns by name, from all samples of trials that are drawn again as wholes."""
    import numpy as np

    buckets = held_counts(whole).buckets
    upto = np.zeros((len(buckets), len(parts)), dtype=np.int64)
    for trial, part in enumerate(map(held_counts, parts)):
        upto[buckets.searchsorted(part.buckets), trial] = part.counts
    upto.cumsum(axis=0, out=upto)
    weights, chances = _draws(len(parts))
    shares = np.array([percentile.of_10000 for percentile in wanted.values()])
    ranks = -(-(weights @ upto[-1])[:, None] * shares // 10_000)
    low, high = _middle(_reached(upto, weights, ranks), chances)
    # A higher bucket's time is no lower: their order is that of their places.
    bounds_ns = [
        [min(bucket_bounds_ns(bucket)[1], whole.max_ns) for bucket in buckets[places].tolist()]
        for places in (low, high)
    ]
    return dict(zip(wanted, zip(*bounds_ns, strict=True), strict=True))


def _reached(upto: NDArray[np.int64], weights: NDArray[np.int64], ranks: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first place at or below which a draw has as many samples as the rank; ranks: (draws, percentiles).

    upto: (places, trials). Found by halving: what a draw has at every place is many times what is looked at.
    """
    import numpy as np

    first, last = np.zeros_like(ranks), np.full_like(ranks, len(upto) - 1)
    while (first < last).any():
        middle = (first + last) // 2
        enough = np.einsum("dt,dpt->dp", weights, upto[middle]) >= ranks
        first, last = np.where(enough, first, middle + 1), np.where(enough, middle, last)
    return first


@lru_cache(maxsize=16)
def _draws(trials: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """How often each trial is in a draw, one draw a row, and how probable the draw is."""
    import numpy as np

    if trials > _EXACT_HIGH:
        drawn = np.random.default_rng(trials).multinomial(trials, [1 / trials] * trials, _DRAWS)
        return drawn, np.full(_DRAWS, 1 / _DRAWS)
    rows = [[draw.count(trial) for trial in range(trials)] for draw in _multisets(trials)]
    ways = factorial(trials)
    chances = [ways / prod(map(factorial, row)) / trials**trials for row in rows]
    return np.array(rows, dtype=np.int64), np.array(chances)


def _multisets(trials: int) -> Iterator[tuple[int, ...]]:
    return combinations_with_replacement(range(trials), trials)


def _middle(values: NDArray[np.int64], chances: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The values between which the middle 95 % lie; values: (draws, percentiles)."""
    import numpy as np

    tail = (1 - CONFIDENCE) / 2
    chosen = []
    for column in values.T:
        order = np.lexsort((chances, column))
        below = chances[order].cumsum()
        # The chances add up to 1 but for rounding.
        places = below.searchsorted((tail, 1 - tail)).clip(max=len(below) - 1)
        chosen.append(column[order[places]])
    low, high = np.array(chosen).T
    return low, high
