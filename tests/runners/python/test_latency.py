"""How long messages took: buckets are those of the model, and every message is timed once, from the right moment."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.model.histogram import bucket_of, histogram_fault, of_counts
from queuemark.runners.python.latency import Arrivals, Came, Times
from queuemark.runners.python.numbering import Dealing
from queuemark.runners.python.stamping import Schedule, Stamping
from tests.runners.python.setups import read

OPENED_NS = 10_000
TIMES = st.lists(st.integers(0, 4 * 3600 * 10**9), min_size=1, max_size=50)


@given(TIMES)
def test_m10_times_lie_in_the_buckets_of_the_model(times_ns: list[int]) -> None:
    times = Times()
    for time_ns in times_ns:
        times.add(time_ns)
    held: dict[int, int] = {}
    for time_ns in times_ns:
        held[bucket_of(time_ns)] = held.get(bucket_of(time_ns), 0) + 1
    due = of_counts(dict(sorted(held.items())), min_ns=min(times_ns), max_ns=max(times_ns), sum_ns=sum(times_ns))
    assert times.histogram() == due
    assert histogram_fault(due) is None


def test_no_times_are_an_empty_histogram() -> None:
    assert Times().histogram().samples == 0


def test_many_times_are_counted_on_the_way() -> None:
    times = Times()
    for _ in range(10_000):
        times.add(5)
    found = times.histogram()
    assert (found.samples, found.sum_ns, found.min_ns, found.max_ns) == (10_000, 50_000, 5, 5)
    assert times.histogram() == found


def test_a_clock_that_steps_back_makes_no_negative_time() -> None:
    times = Times()
    times.add(-3)
    assert times.histogram().min_ns == 0


def stamped(*words: str, every: int = 4) -> Arrivals:
    stamping = Stamping(read("os-pipe", "--stamp-every", str(every), *words))
    board = stamping.board(0)
    for ordinal in range(5):
        board.write(ordinal, 100 * ordinal)
    return Arrivals(stamping, Dealing(), opened_ns=OPENED_NS)


def test_one_message_in_so_many_is_timed_from_when_it_was_sent() -> None:
    arrivals = stamped()
    arrivals.took_run(1, 8, Came({3: OPENED_NS + 107, 7: OPENED_NS + 209}, OPENED_NS + 999))
    found = arrivals.latency.histogram()
    assert (found.samples, found.min_ns, found.max_ns, arrivals.missed) == (2, 7, 9, 0)
    assert arrivals.raw.histogram().samples == 0


def test_numbers_in_any_order_are_timed_alike() -> None:
    arrivals = stamped()
    came = Came({0: OPENED_NS + 111, 2: OPENED_NS + 1}, OPENED_NS + 999)
    arrivals.took_all(np.array([4, 5, 0], dtype=np.uint64), came)
    found = arrivals.latency.histogram()
    assert (found.samples, found.min_ns, found.max_ns) == (2, 1, 11)


def test_a_time_that_is_gone_is_missed() -> None:
    arrivals = stamped()
    arrivals.took(4 * 7, OPENED_NS + 5)
    assert (arrivals.missed, arrivals.latency.histogram().samples) == (1, 0)


def test_m09_a_paced_message_is_timed_from_when_it_was_due() -> None:
    """Message 4 was due at 4 ms and sent 4 ms before that by the clock of the test: both are told."""
    arrivals = stamped("--rate", "1000")
    arrivals.took_run(4, 2, Came({0: OPENED_NS + 4_000_050, 1: OPENED_NS + 5_000_070}, 0))
    found, raw = arrivals.latency.histogram(), arrivals.raw.histogram()
    assert (found.samples, found.min_ns, found.max_ns) == (2, 50, 70)
    assert (raw.samples, raw.min_ns) == (1, 4_000_050 - 100)


@pytest.mark.parametrize(("number", "until"), [(0, 0), (1, 3), (4, 0), (7, 1)])
def test_the_next_one_that_is_timed_is_known(number: int, until: int) -> None:
    assert stamped().until_stamped(number) == until
    assert Arrivals(None, Dealing()).until_stamped(number) is None


def test_without_stamps_nothing_is_timed() -> None:
    arrivals = Arrivals(None, Dealing())
    arrivals.took_run(0, 5, Came({}, 7))
    arrivals.took_all(np.arange(5, dtype=np.uint64), Came({}, 7))
    assert (arrivals.latency.histogram().samples, arrivals.missed) == (0, 0)


@given(st.floats(1, 1e9), st.integers(0, 1 << 30))
def test_a_schedule_goes_forward(rate_per_s: float, number: int) -> None:
    schedule = Schedule(rate_per_s)
    assert schedule.due_ns(0) == 0
    assert 0 <= schedule.due_ns(number + 1) - schedule.due_ns(number) <= schedule.interval_high_ns + 256


@pytest.mark.parametrize(
    ("words", "every"), [((), 128), (("--rate", "1000"), 1), (("--rate", "3e6"), 4), (("--stamp-every", "7"), 7)]
)
def test_stamps_cost_little_beside_what_they_time(words: tuple[str, ...], every: int) -> None:
    assert Stamping(read("os-pipe", *words)).every == every


def test_what_has_no_number_has_no_time() -> None:
    assert not Stamping.possible(read("queue", "--consumers", "2", "--size", "7"))
    assert Stamping.possible(read("queue", "--consumers", "2", "--size", "8"))
    assert Stamping.possible(read("queue", "--size", "1"))
