"""The arithmetic of latency histograms: which bucket holds a time, what merging and percentiles mean (M10).

1. Buckets are log-linear, as HdrHistogram lays them out for 1 ns to 1 h with 3 significant digits: up to 2047 ns one
   for each nanosecond, above that 1024 for each doubling, so that a bucket is never wider than a 1024th of its times.
2. Merging adds counts: it is exact, and in whatever order it is done gives the same.
3. A percentile is the highest time of the bucket that its sample lies in, and never above the highest time measured.
4. A percentile pX needs 10/(1-X) samples; with fewer there is none. Histograms are merged, percentiles never averaged.
5. A histogram whose own figures disagree proves nothing; ``histogram_fault`` says where.

Source: HdrHistogram, hdrhistogram.org; its Java version for the rank of a percentile (the smallest that has at least
that share of the samples at or below it).
"""

from __future__ import annotations

__all__ = [
    "PERCENTILES",
    "Percentile",
    "bucket_bounds_ns",
    "bucket_of",
    "counts",
    "histogram_fault",
    "latency_fault",
    "mean_ns",
    "merged",
    "of_counts",
    "percentile_ns",
]

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from queuemark.model.latency import BUCKETS, BUCKETS_HIGH_NS, Histogram, Latency

_HALF_BITS = 10
_HALF = 1 << _HALF_BITS


class Percentile(NamedTuple):
    """name: for readers. of_10000: how many of 10,000 samples lie at or below it."""

    name: str
    of_10000: int

    @property
    def samples_low(self) -> int:
        """With fewer samples there is no saying what it is."""
        return 10 * 10_000 // (10_000 - self.of_10000)


PERCENTILES = {
    "p50_ns": Percentile("p50", 5_000),
    "p90_ns": Percentile("p90", 9_000),
    "p99_ns": Percentile("p99", 9_900),
    "p999_ns": Percentile("p99.9", 9_990),
    "p9999_ns": Percentile("p99.99", 9_999),
}
"""By the name of the figure that holds it."""


def bucket_of(time_ns: int) -> int:
    """The bucket, from 0, that a time of 0 or more counts in; beyond an hour that of an hour."""
    if time_ns < 2 * _HALF:
        return time_ns
    held_ns = min(time_ns, BUCKETS_HIGH_NS)
    shift = held_ns.bit_length() - _HALF_BITS - 1
    return (shift + 1) * _HALF + (held_ns >> shift) - _HALF


def bucket_bounds_ns(bucket: int) -> tuple[int, int]:
    """The lowest and the highest time that count in a bucket."""
    shift = max(0, bucket // _HALF - 1)
    low_ns = (bucket - shift * _HALF) << shift
    return low_ns, low_ns + (1 << shift) - 1


def counts(histogram: Histogram) -> Iterator[tuple[int, int]]:
    """(bucket, samples in it) of those that hold any, the lowest times first."""
    bucket = -1
    for gap, count in _pairs(histogram.buckets):
        bucket += gap + 1
        yield bucket, count


def _pairs(flat: list[int]) -> Iterator[tuple[int, int]]:
    return zip(flat[::2], flat[1::2], strict=True)


def of_counts(held: Mapping[int, int], *, min_ns: int, max_ns: int, sum_ns: int) -> Histogram:
    """A histogram of samples by bucket; the times are exact ones, which buckets do not tell."""
    buckets = sorted(bucket for bucket, count in held.items() if count)
    gaps = [after - before - 1 for before, after in pairwise([-1, *buckets])]
    return Histogram(
        samples=sum(held.values()),
        min_ns=min_ns,
        max_ns=max_ns,
        sum_ns=sum_ns,
        buckets=[number for gap, bucket in zip(gaps, buckets, strict=True) for number in (gap, held[bucket])],
    )


def merged(histograms: Iterable[Histogram]) -> Histogram:
    """All samples of all of them; of none an empty one."""
    filled = [histogram for histogram in histograms if histogram.samples]
    held: Counter[int] = Counter()
    for histogram in filled:
        for bucket, count in counts(histogram):
            held[bucket] += count
    return of_counts(
        held,
        min_ns=min((histogram.min_ns for histogram in filled), default=0),
        max_ns=max((histogram.max_ns for histogram in filled), default=0),
        sum_ns=sum(histogram.sum_ns for histogram in filled),
    )


def percentile_ns(histogram: Histogram, percentile: Percentile) -> int | None:
    """None where there are too few samples for it."""
    if histogram.samples < percentile.samples_low:
        return None
    rank = -(-histogram.samples * percentile.of_10000 // 10_000)
    below = 0
    for bucket, count in counts(histogram):
        below += count
        if below >= rank:
            return min(_highest_ns(bucket, histogram), histogram.max_ns)
    return histogram.max_ns


def _highest_ns(bucket: int, histogram: Histogram) -> int:
    return histogram.max_ns if _open_ended(bucket) else bucket_bounds_ns(bucket)[1]


def _open_ended(bucket: int) -> bool:
    """Whether longer times than its own count in it, too."""
    return bucket >= bucket_of(BUCKETS_HIGH_NS)


def mean_ns(histogram: Histogram) -> float | None:
    """Of the times themselves, not of their buckets; times are averaged arithmetically (M18)."""
    return histogram.sum_ns / histogram.samples if histogram.samples else None


def histogram_fault(histogram: Histogram) -> str | None:
    """The first reason why these figures are not of one set of samples, or None."""
    flat = histogram.buckets
    if len(flat) % 2:
        return "its buckets end in the middle of a pair"
    if any(count == 0 for count in flat[1::2]):
        return "it lists a bucket without samples"
    held = list(counts(histogram))
    total = sum(count for _, count in held)
    if total != histogram.samples:
        return f"it has {histogram.samples} samples, its buckets {total}"
    if not held:
        empty = histogram.min_ns == histogram.max_ns == histogram.sum_ns == 0
        return None if empty else "it has no samples and yet their times"
    if held[-1][0] >= BUCKETS:
        return f"it has a bucket {held[-1][0]} of {BUCKETS}"
    return _misplaced(histogram, held)


def _misplaced(histogram: Histogram, held: list[tuple[int, int]]) -> str | None:
    first, last = held[0][0], held[-1][0]
    if not _within(first, histogram.min_ns):
        return f"its lowest time {histogram.min_ns} ns is not in its first bucket"
    if not _within(last, histogram.max_ns):
        return f"its highest time {histogram.max_ns} ns is not in its last bucket"
    low_ns = sum(bucket_bounds_ns(bucket)[0] * count for bucket, count in held)
    high_ns = sum(_highest_ns(bucket, histogram) * count for bucket, count in held)
    if not low_ns <= histogram.sum_ns <= high_ns:
        return f"its times cannot add up to {histogram.sum_ns} ns"
    return None


def _within(bucket: int, time_ns: int) -> bool:
    low_ns, high_ns = bucket_bounds_ns(bucket)
    return low_ns <= time_ns and (time_ns <= high_ns or _open_ended(bucket))


def latency_fault(latency: Latency) -> str | None:
    """The first reason why these histograms are not of one trial's latencies, or None."""
    for part in ("histogram", "raw", "pacing"):
        histogram = getattr(latency, part)
        fault = histogram_fault(histogram) if histogram is not None else None
        if fault is not None:
            return f"its latency's {part} cannot be: {fault}"
    return None
