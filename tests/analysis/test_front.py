"""The front: what nothing beats in both rate and p99, among ways to use one mechanism."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.front import fronts
from tests.examples import document
from tests.measured import measured

BUFFERS = [f"buffer:{1024 * 2**power}" for power in range(12)]


def test_what_another_beats_in_both_is_not_on_the_front() -> None:
    ways = [
        measured("tcp", 1_000_000, 900, policy="buffer:16384"),
        measured("tcp", 100_000, 20, policy="each"),
        measured("tcp", 90_000, 30, policy="vector:4"),
    ]
    (front,) = fronts(with_estimates(document(*ways)))
    assert [(way.number, way.best) for way in front.ways] == [(1, True), (2, True), (3, False)]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), min_size=1, max_size=len(BUFFERS)))
def test_the_front_is_what_no_way_beats(figures: list[tuple[int, int]]) -> None:
    ways = [
        measured("tcp", 10_000 * rate, p99_us, policy=policy, repeats=1)
        for policy, (rate, p99_us) in zip(BUFFERS, figures, strict=False)
    ]
    (front,) = fronts(with_estimates(document(*ways)))
    for way in front.ways:
        beaten = [
            other
            for other in front.ways
            if other.rate_per_s >= way.rate_per_s
            and other.p99_ns <= way.p99_ns
            and (other.rate_per_s, other.p99_ns) != (way.rate_per_s, way.p99_ns)
        ]
        assert not (way.best and beaten)
        assert way.best or beaten or any(other.best and other != way for other in front.ways)
    assert any(way.best for way in front.ways)


def test_m03_what_differs_in_more_than_policy_and_load_has_a_front_of_its_own() -> None:
    ways = [
        measured("tcp", 100_000, 20),
        measured("tcp", 50_000, 10, rate_per_s=50_000.0),
        measured("tcp", 40_000, 9, rate_per_s=40_000.0, policy="buffer:1024", linger_us=50),
        measured("tcp", 30_000, 9, wait="spin"),
        measured("pipe", 30_000, 9),
        measured("tcp", 30_000, 9, size_bytes=128),
    ]
    assert [len(front.ways) for front in fronts(with_estimates(document(*ways)))] == [3, 1, 1, 1]


def test_what_has_no_p99_lost_messages_or_fell_behind_is_no_point() -> None:
    ways = [
        measured("tcp", 100_000, 20, samples=100),
        measured("tcp", 100_000, 20, policy="vector:4", lost=1),
        measured("tcp", 100_000, 20, policy="vector:16"),
        measured("tcp", 100_000, 20, policy="vector:64", rate_per_s=200_000.0),
    ]
    (front,) = fronts(with_estimates(document(*ways)))
    assert [way.number for way in front.ways] == [3]
