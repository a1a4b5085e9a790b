"""Buckets, merging and percentiles, against HdrHistogram's own arithmetic where it has any."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from queuemark.model.histogram import (
    PERCENTILES,
    Percentile,
    bucket_bounds_ns,
    bucket_of,
    counts,
    histogram_fault,
    look_over,
    mean_ns,
    merged,
    of_counts,
    percentile_ns,
    percentiles_ns,
)
from queuemark.model.latency import BUCKETS, BUCKETS_HIGH_NS, Histogram
from tests.histograms import histogram, theirs

TIMES_NS = st.one_of(
    st.integers(0, 5000),
    st.integers(0, BUCKETS_HIGH_NS),
    st.integers(0, 41).map(lambda bits: min(1 << bits, BUCKETS_HIGH_NS)),
)
SAMPLES = st.lists(TIMES_NS, max_size=200)


@settings(deadline=None)
@given(TIMES_NS)
def test_a_time_lies_within_the_bounds_of_its_bucket(time_ns: int) -> None:
    low_ns, high_ns = bucket_bounds_ns(bucket_of(time_ns))
    assert low_ns <= time_ns <= high_ns
    assert high_ns - low_ns <= low_ns / 1024


@pytest.mark.parametrize("time_ns", [0, 1, 2047, 2048, 2049, 4095, 4096, 10**6, BUCKETS_HIGH_NS])
def test_the_buckets_are_hdrhistograms(time_ns: int) -> None:
    oracle = HdrHistogram(1, BUCKETS_HIGH_NS, 3)
    assert oracle.counts_len == BUCKETS
    assert bucket_of(time_ns) == oracle._counts_index_for(time_ns)
    assert bucket_bounds_ns(bucket_of(time_ns)) == (
        oracle.get_lowest_equivalent_value(time_ns),
        oracle.get_highest_equivalent_value(time_ns),
    )


def test_every_bucket_begins_where_the_one_before_ends() -> None:
    for bucket in range(1, bucket_of(BUCKETS_HIGH_NS) + 1):
        assert bucket_bounds_ns(bucket)[0] == bucket_bounds_ns(bucket - 1)[1] + 1
        assert bucket_of(bucket_bounds_ns(bucket)[0]) == bucket


def test_what_takes_longer_than_an_hour_counts_with_an_hour() -> None:
    assert bucket_of(2**62) == bucket_of(BUCKETS_HIGH_NS)


@settings(deadline=None)
@given(SAMPLES)
def test_a_histogram_holds_what_hdrhistogram_holds(times_ns: Sequence[int]) -> None:
    held, oracle = histogram(times_ns), theirs(times_ns)
    assert dict(counts(held)) == {bucket: oracle.get_count_at_index(bucket) for bucket in map(bucket_of, times_ns)}
    assert histogram_fault(held) is None
    assert mean_ns(held) == (sum(times_ns) / len(times_ns) if times_ns else None)


@settings(deadline=None)
@given(st.lists(SAMPLES, max_size=5))
def test_m10_merging_is_exact(parts: list[list[int]]) -> None:
    assert merged(map(histogram, parts)) == histogram([time_ns for part in parts for time_ns in part])


@settings(deadline=None)
@given(st.lists(TIMES_NS, min_size=100, max_size=400))
def test_m10_percentiles_are_hdrhistograms_and_never_above_the_highest_time(times_ns: list[int]) -> None:
    held, oracle = histogram(times_ns), theirs(times_ns)
    for of_10000 in (5_000, 9_000):
        found_ns = percentile_ns(held, Percentile("any", of_10000))
        rank = -(-len(times_ns) * of_10000 // 10_000)
        # Theirs is asked by the rank itself, because it rounds the rank of a percentile to the nearest.
        expected_ns = oracle.get_value_at_percentile(100 * rank / len(times_ns))
        assert found_ns == min(expected_ns, max(times_ns))
        assert bucket_of(found_ns) == bucket_of(sorted(times_ns)[rank - 1])


@pytest.mark.parametrize(
    ("name", "low"), [("p50_ns", 20), ("p99_ns", 1000), ("p999_ns", 10_000), ("p9999_ns", 100_000)]
)
def test_m10_a_percentile_of_too_few_samples_does_not_exist(name: str, low: int) -> None:
    assert PERCENTILES[name].samples_low == low
    assert percentile_ns(histogram([7] * (low - 1)), PERCENTILES[name]) is None
    assert percentile_ns(histogram([7] * low), PERCENTILES[name]) == 7


def test_m10_percentiles_come_from_the_merged_histogram_and_are_not_averaged() -> None:
    fast, slow = histogram([100] * 3000), histogram([9000] * 1000)
    assert percentile_ns(merged([fast, slow]), PERCENTILES["p50_ns"]) == 100
    assert percentile_ns(merged([fast, slow]), PERCENTILES["p90_ns"]) == 9000


def test_beyond_an_hour_only_the_highest_time_is_known() -> None:
    long_ns = 3 * BUCKETS_HIGH_NS
    held = histogram([5] * 10 + [long_ns] * 10)
    assert percentile_ns(held, PERCENTILES["p50_ns"]) == 5
    assert percentile_ns(held, Percentile("p60", 5_001)) is not None
    assert percentile_ns(histogram([long_ns] * 20), PERCENTILES["p50_ns"]) == long_ns
    assert histogram_fault(held) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"samples": 4}, "it has 4 samples, its buckets 3"),
        ({"min_ns": 6}, "lowest time 6 ns is not in its first bucket"),
        ({"max_ns": 5}, "highest time 5 ns is not in its last bucket"),
        ({"sum_ns": 14}, "cannot add up to 14 ns"),
        ({"sum_ns": 10_000_000}, "cannot add up to 10000000 ns"),
        ({"buckets": [5, 2, 999]}, "in the middle of a pair"),
        ({"buckets": [5, 2, 999, 0]}, "a bucket without samples"),
        ({"samples": 0, "buckets": []}, "no samples and yet their times"),
        ({"buckets": [5, 2, BUCKETS, 1]}, f"a bucket {BUCKETS + 6} of {BUCKETS}"),
    ],
)
def test_a_histogram_that_contradicts_itself_says_where(change: dict[str, object], reason: str) -> None:
    whole = histogram([5, 5, 1005])
    assert whole.buckets == [5, 2, 999, 1]
    found = histogram_fault(msgspec.structs.replace(whole, **change))
    assert found is not None and reason in found


def test_an_empty_histogram_has_no_figures() -> None:
    assert histogram_fault(Histogram(samples=0, min_ns=0, max_ns=0, sum_ns=0, buckets=[])) is None
    assert mean_ns(merged([])) is None
    assert percentile_ns(merged([]), PERCENTILES["p50_ns"]) is None


EDGES = [
    histogram([5_000_000] * 40),
    Histogram(),
    Histogram(samples=3, min_ns=1, max_ns=1, sum_ns=3, buckets=[1, 2]),
    Histogram(samples=2, min_ns=1, max_ns=1, sum_ns=2, buckets=[1, 2, 5]),
    Histogram(samples=1, min_ns=1, max_ns=1, sum_ns=1, buckets=[1, 0, 4, 1]),
    Histogram(samples=5, min_ns=BUCKETS_HIGH_NS, max_ns=2**63 - 1, sum_ns=2**63 - 1, buckets=[33_420, 5]),
    Histogram(samples=1, min_ns=1, max_ns=1, sum_ns=1, buckets=[2**62, 1]),
    Histogram(samples=2**60, min_ns=2**39, max_ns=2**39, sum_ns=2**63 - 1, buckets=[bucket_of(2**39), 2**49]),
    Histogram(samples=2**23, min_ns=2**41, max_ns=2**41, sum_ns=5, buckets=[bucket_of(2**41), 2**23]),
    Histogram(samples=2**62, min_ns=1, max_ns=1, sum_ns=2**62, buckets=[1, 2**62]),
]
"""All in one wide bucket, empty, contradictory, beyond an hour, or more than 64 bits hold."""


@settings(deadline=None)
@given(st.lists(SAMPLES, max_size=6), st.lists(st.sampled_from(EDGES), max_size=2))
def test_many_that_are_looked_over_together_are_what_each_is_alone(
    parts: list[list[int]], edges: list[Histogram]
) -> None:
    alone, together = ([msgspec.structs.replace(each) for each in (*map(histogram, parts), *edges)] for _ in range(2))
    look_over(together)
    for one, same in zip(alone, together, strict=True):
        fault = histogram_fault(one)
        assert histogram_fault(same) == fault
        if fault is None:
            assert list(counts(same)) == list(counts(one))
            assert percentiles_ns(same) == percentiles_ns(one)
            assert merged([same, same]) == merged([one, one])


def test_sums_that_64_bits_do_not_hold_are_exact() -> None:
    many = 2**62
    times_ns = {bucket_of(time_ns): many for time_ns in (100, 3_000_000)}
    held = of_counts({bucket_of(3_000_000): many}, min_ns=3_000_000, max_ns=3_000_000, sum_ns=many * 3_000_000)
    assert histogram_fault(held) is None
    assert histogram_fault(msgspec.structs.replace(held, sum_ns=2**63 - 1)) is not None
    both = merged([held, of_counts({bucket_of(100): many}, min_ns=100, max_ns=100, sum_ns=many * 100), held])
    assert (both.samples, both.sum_ns) == (3 * many, many * 6_000_100)
    assert dict(counts(both)) == {**times_ns, bucket_of(3_000_000): 2 * many}
    assert percentile_ns(both, PERCENTILES["p50_ns"]) == 3_000_000
    assert percentile_ns(both, Percentile("p33", 3_333)) == 100
