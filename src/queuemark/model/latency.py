"""How long messages took: what a runner counts of it, and what is stored.

1. Times lie in buckets of three significant digits, 1 ns to an hour: HdrHistogram's layout for these bounds. Values
   below 2048 ns have a bucket each; from there on each doubling has 1024.
2. Samples, least, most and sum are exact; they are not read off the buckets.
3. A paced message's latency counts from when it was to be sent, not from when it was (M9); the latter stands beside it.
"""

from __future__ import annotations

__all__ = ["BUCKETS", "BUCKETS_HIGH_NS", "Histogram", "Latency"]

from typing import Literal

import msgspec

from queuemark.model.units import Count, Positive

BUCKETS = 33_792
"""How many buckets there are. Source: HdrHistogram, counts_len of lowest 1, highest an hour, 3 significant digits."""

BUCKETS_HIGH_NS = 3_600_000_000_000
"""What is above an hour counts in an hour's bucket; only the most is exact then."""


class Histogram(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """Times in nanoseconds.

    min_ns, max_ns, sum_ns: 0 when there are no samples.
    buckets: pairs in one flat list: how many empty buckets to pass over, then what the next one counts.
    """

    samples: Count = 0
    min_ns: Count = 0
    max_ns: Count = 0
    sum_ns: Count = 0
    buckets: list[Count] = []


class Latency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The latencies of one trial, all its consumers together.

    kind: from the producer to the consumer, or to the consumer and back.
    every: of so many messages one has a sample in histogram, and of raw_every one in raw and in pacing.
    missed: messages that ought to have a sample and have none, since their stamp was written over before they came.
    histogram: of a paced trial from when a message was to be sent; else from when it was.
    raw: of a paced trial from when it was sent; else null.
    pacing: of a paced trial by how much it was sent too late; else null.
    """

    kind: Literal["one-way", "round-trip"]
    every: Positive
    missed: Count = 0
    histogram: Histogram
    raw: Histogram | None = None
    raw_every: Positive = 1
    pacing: Histogram | None = None
