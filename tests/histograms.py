"""Latency histograms of known times: ours, and HdrHistogram's own beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hdrh.histogram import HdrHistogram

from queuemark.model.histogram import bucket_of, of_counts
from queuemark.model.latency import BUCKETS_HIGH_NS, Histogram


def histogram(times_ns: Sequence[int]) -> Histogram:
    return of_counts(
        Counter(map(bucket_of, times_ns)),
        min_ns=min(times_ns, default=0),
        max_ns=max(times_ns, default=0),
        sum_ns=sum(times_ns),
    )


def theirs(times_ns: Sequence[int]) -> HdrHistogram:
    made = HdrHistogram(1, BUCKETS_HIGH_NS, 3)
    for time_ns in times_ns:
        made.record_value(time_ns)
    return made
