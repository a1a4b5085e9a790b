"""The arithmetic of latency histograms: which bucket holds a time, what merging and percentiles mean (M10).

1. Buckets are log-linear, as HdrHistogram lays them out for 1 ns to 1 h with 3 significant digits: up to 2047 ns one
   for each nanosecond, above that 1024 for each doubling, so that a bucket is never wider than a 1024th of its times.
2. Merging adds counts: it is exact, and in whatever order it is done gives the same.
3. A percentile is the highest time of the bucket that its sample lies in, and never above the highest time measured.
4. A percentile pX needs 10/(1-X) samples; with fewer there is none. Histograms are merged, percentiles never averaged.
5. A histogram whose own figures disagree proves nothing; ``histogram_fault`` says where.
6. Sums are exact: where 64 bits would not hold one, it is taken with Python's integers.
7. What is found of a histogram is kept beside it. ``look_over`` finds it for many at once, and finds the same.

Source: HdrHistogram, hdrhistogram.org; its Java version for the rank of a percentile (the smallest that has at least
that share of the samples at or below it).
"""

from __future__ import annotations

__all__ = [
    "PERCENTILES",
    "Held",
    "Percentile",
    "bucket_bounds_ns",
    "bucket_of",
    "counts",
    "held_counts",
    "histogram_fault",
    "latency_fault",
    "look_over",
    "mean_ns",
    "merged",
    "of_counts",
    "percentile_ns",
    "percentiles_ns",
]

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import chain, pairwise
from operator import mul
from struct import pack
from typing import TYPE_CHECKING, NamedTuple

from queuemark.model.latency import BUCKETS, BUCKETS_HIGH_NS, Histogram, Latency

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_HALF_BITS = 10
_HALF = 1 << _HALF_BITS

_INT64_HIGH = 2**63 - 1

_OPEN = 33_420
"""The bucket of an hour: longer times than its own count in it and in those above, too."""


class Percentile(NamedTuple):
    """name: for readers. of_10000: how many of 10,000 samples lie at or below it."""

    name: str
    of_10000: int

    @property
    def samples_low(self) -> int:
        """With fewer samples there is no saying what it is."""
        return 100_000 // (10_000 - self.of_10000)


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
    held = held_counts(histogram)
    return zip(held.buckets.tolist(), held.counts.tolist(), strict=True)


class Held(NamedTuple):
    """The buckets that hold any samples, ascending: (held,) int64, or Python's integers where 64 bits are too few.

    upto: samples in a bucket and all below it.
    """

    buckets: NDArray[np.int64]
    counts: NDArray[np.int64]
    upto: NDArray[np.int64]


def held_counts(histogram: Histogram) -> Held:
    """Of one histogram these are the same arrays every time: they are not to be written to."""
    kept = vars(histogram)
    if "held" not in kept:
        kept["held"] = _unpacked(histogram.buckets)
    found: Held = kept["held"]
    return found


def _unpacked(flat: list[int]) -> Held:
    import numpy as np

    if sum(flat) + len(flat) > _INT64_HIGH:
        pairs = np.array(flat, dtype=object).reshape(-1, 2)
    else:
        # Half the time that numpy takes to read a list.
        pairs = np.frombuffer(pack(f"{len(flat)}q", *flat), dtype=np.int64).reshape(-1, 2)
    return Held((pairs[:, 0] + 1).cumsum() - 1, pairs[:, 1], pairs[:, 1].cumsum())


def look_over(histograms: Iterable[Histogram]) -> None:
    """Finds for all of them together what every reader asks of each; one by one every step has its price each time.

    Where one has times beyond an hour, or 64 bits are too few, nothing is found here, and each is looked at by itself.
    """
    import numpy as np

    whole = [each for each in histograms if each.buckets and len(each.buckets) % 2 == 0]
    flat = list(chain.from_iterable(each.buckets for each in whole))
    if not flat or sum(flat) + len(flat) > _INT64_HIGH // 10_000:
        return
    joined = _unpacked(flat)
    lasts = np.cumsum([len(each.buckets) // 2 for each in whole]) - 1
    firsts = np.concatenate(([0], lasts[:-1] + 1))
    # Each begins again where the one before it has ended.
    passed = np.concatenate(([0], joined.buckets[lasts[:-1]] + 1))
    below = np.concatenate(([0], joined.upto[lasts[:-1]]))
    lengths = lasts - firsts + 1
    held = Held(joined.buckets - passed.repeat(lengths), joined.counts, joined.upto - below.repeat(lengths))
    if held.buckets[lasts].max() >= _OPEN:
        return
    for histogram, first, last in zip(whole, firsts.tolist(), lasts.tolist(), strict=True):
        vars(histogram)["held"] = Held(*(values[first : last + 1] for values in held))
    _keep_percentiles(whole, held, joined, lasts)
    _keep_sums(whole, held, firsts, lasts)


def _keep_percentiles(whole: list[Histogram], held: Held, joined: Held, lasts: NDArray[np.int64]) -> None:
    """joined: as if all were one histogram."""
    import numpy as np

    samples, below = held.upto[lasts], joined.upto[lasts] - held.upto[lasts]
    shares = np.array([percentile.of_10000 for percentile in PERCENTILES.values()])
    ranks = -(-np.outer(samples, shares) // 10_000)
    found = held.buckets[joined.upto.searchsorted(ranks + below[:, None])]
    highest_ns = np.array([each.max_ns for each in whole])
    values_ns = np.minimum(_all_bounds_ns()[1][found], highest_ns[:, None]).tolist()
    lows = {name: percentile.samples_low for name, percentile in PERCENTILES.items()}
    for histogram, counted, of_one in zip(whole, samples.tolist(), values_ns, strict=True):
        # Of one that says otherwise nobody may ask.
        if counted == histogram.samples:
            vars(histogram)["percentiles"] = {
                name: value_ns if counted >= low else None
                for (name, low), value_ns in zip(lows.items(), of_one, strict=True)
            }


def _keep_sums(whole: list[Histogram], held: Held, firsts: NDArray[np.int64], lasts: NDArray[np.int64]) -> None:
    import numpy as np

    lows_ns, highs_ns = (bounds_ns[held.buckets] for bounds_ns in _all_bounds_ns())
    if int(held.upto[lasts].max()) * int(highs_ns[lasts].max()) > _INT64_HIGH:
        return
    sums_ns = (np.add.reduceat(each_ns * held.counts, firsts).tolist() for each_ns in (lows_ns, highs_ns))
    for histogram, *bounds_ns in zip(whole, *sums_ns, strict=True):
        vars(histogram)["sums_ns"] = tuple(bounds_ns)


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
    if len(filled) < 2:
        return filled[0] if filled else Histogram()
    held = _added([held_counts(histogram) for histogram in filled])
    made = Histogram(
        samples=int(held.upto[-1]),
        min_ns=min(histogram.min_ns for histogram in filled),
        max_ns=max(histogram.max_ns for histogram in filled),
        sum_ns=sum(histogram.sum_ns for histogram in filled),
        buckets=_packed(held),
    )
    vars(made)["held"] = held
    return made


def _added(parts: list[Held]) -> Held:
    import numpy as np

    fits = sum(int(part.upto[-1]) for part in parts) <= _INT64_HIGH
    buckets = np.concatenate([part.buckets for part in parts])
    found = np.concatenate([part.counts for part in parts]).astype(np.int64 if fits else object, copy=False)
    order = buckets.argsort(kind="stable")
    buckets, found = buckets[order], found[order]
    firsts = np.flatnonzero(np.concatenate(([True], buckets[1:] != buckets[:-1])))
    summed = np.add.reduceat(found, firsts)
    return Held(buckets[firsts], summed, summed.cumsum())


def _packed(held: Held) -> list[int]:
    import numpy as np

    gaps = np.diff(held.buckets, prepend=-1) - 1
    flat: list[int] = np.stack((gaps, held.counts), axis=1).ravel().tolist()
    return flat


def percentile_ns(histogram: Histogram, percentile: Percentile) -> int | None:
    """None where there are too few samples for it."""
    return _at(histogram, [percentile])[0]


def percentiles_ns(histogram: Histogram) -> dict[str, int | None]:
    """All of ``PERCENTILES``; read off once for each histogram."""
    kept = vars(histogram)
    if "percentiles" not in kept:
        kept["percentiles"] = dict(zip(PERCENTILES, _at(histogram, list(PERCENTILES.values())), strict=True))
    return dict(kept["percentiles"])


def _at(histogram: Histogram, percentiles: list[Percentile]) -> list[int | None]:
    samples, max_ns = histogram.samples, histogram.max_ns
    held = held_counts(histogram)
    ranks = [-(-samples * each.of_10000 // 10_000) for each in percentiles]
    found: list[int | None] = []
    for each, place in zip(percentiles, held.upto.searchsorted(ranks).tolist(), strict=True):
        if samples < each.samples_low:
            found.append(None)
        elif place == len(held.buckets) or held.buckets[place] >= _OPEN:
            found.append(max_ns)
        else:
            found.append(min(bucket_bounds_ns(int(held.buckets[place]))[1], max_ns))
    return found


def mean_ns(histogram: Histogram) -> float | None:
    """Of the times themselves, not of their buckets; times are averaged arithmetically (M18)."""
    return histogram.sum_ns / histogram.samples if histogram.samples else None


def histogram_fault(histogram: Histogram) -> str | None:
    """The first reason why these figures are not of one set of samples, or None."""
    flat = histogram.buckets
    if len(flat) % 2:
        return "its buckets end in the middle of a pair"
    gaps, found = flat[::2], flat[1::2]
    if 0 in found:
        return "it lists a bucket without samples"
    total = sum(found)
    if total != histogram.samples:
        return f"it has {histogram.samples} samples, its buckets {total}"
    if not found:
        empty = histogram.min_ns == histogram.max_ns == histogram.sum_ns == 0
        return None if empty else "it has no samples and yet their times"
    first, last = gaps[0], sum(gaps) + len(gaps) - 1
    if last >= BUCKETS:
        return f"it has a bucket {last} of {BUCKETS}"
    return _misplaced(histogram, first, last)


def _misplaced(histogram: Histogram, first: int, last: int) -> str | None:
    if not _within(first, histogram.min_ns):
        return f"its lowest time {histogram.min_ns} ns is not in its first bucket"
    if not _within(last, histogram.max_ns):
        return f"its highest time {histogram.max_ns} ns is not in its last bucket"
    low_ns, high_ns = _sums_ns(histogram)
    if not low_ns <= histogram.sum_ns <= high_ns:
        return f"its times cannot add up to {histogram.sum_ns} ns"
    return None


def _sums_ns(histogram: Histogram) -> tuple[int, int]:
    """What the times add up to if each is the lowest of its bucket, and if each is the highest."""
    if "sums_ns" in vars(histogram):
        found_ns: tuple[int, int] = vars(histogram)["sums_ns"]
        return found_ns
    held = held_counts(histogram)
    lows_ns, highs_ns = (bounds_ns[held.buckets] for bounds_ns in _all_bounds_ns())
    if held.buckets[-1] >= _OPEN:
        highs_ns[held.buckets >= _OPEN] = histogram.max_ns
    if histogram.samples * int(highs_ns[-1]) <= _INT64_HIGH:
        return int(lows_ns @ held.counts), int(highs_ns @ held.counts)
    found = held.counts.tolist()
    return sum(map(mul, lows_ns.tolist(), found)), sum(map(mul, highs_ns.tolist(), found))


@cache
def _all_bounds_ns() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The lowest and the highest time of every bucket."""
    import numpy as np

    buckets = np.arange(BUCKETS, dtype=np.int64)
    shifts = np.maximum(0, buckets // _HALF - 1)
    lows_ns = (buckets - shifts * _HALF) << shifts
    return lows_ns, lows_ns + (1 << shifts) - 1


def _within(bucket: int, time_ns: int) -> bool:
    low_ns, high_ns = bucket_bounds_ns(bucket)
    return low_ns <= time_ns and (time_ns <= high_ns or bucket >= _OPEN)


def latency_fault(latency: Latency) -> str | None:
    """The first reason why these histograms are not of one trial's latencies, or None."""
    for part in ("histogram", "raw", "pacing"):
        histogram = getattr(latency, part)
        fault = histogram_fault(histogram) if histogram is not None else None
        if fault is not None:
            return f"its latency's {part} cannot be: {fault}"
    return None
