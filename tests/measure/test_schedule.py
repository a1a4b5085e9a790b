"""The order of trials: every one once, round by round, shuffled by the seed and by nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from queuemark.measure.schedule import schedule
from queuemark.model.plan import Case
from queuemark.model.workload import Workload

seeds = st.integers(min_value=0, max_value=2**63 - 1)


def cases(count: int) -> list[Case]:
    return [
        Case(
            transport="tcp",
            runtime="native",
            params={},
            workload=Workload(size_bytes=size, consumers=1, dispatch="deal", items=10),
        )
        for size in range(1, count + 1)
    ]


@given(st.integers(1, 30), st.integers(1, 6), seeds)
def test_every_trial_comes_once(count: int, repeats: int, seed: int) -> None:
    slots = schedule(cases(count), repeats, seed)
    assert len({(slot.key, slot.repeat) for slot in slots}) == len(slots) == count * repeats
    assert [slot.position for slot in slots] == list(range(len(slots)))


@given(st.integers(1, 30), st.integers(1, 6), seeds)
def test_m14_rounds_are_interleaved(count: int, repeats: int, seed: int) -> None:
    slots = schedule(cases(count), repeats, seed)
    assert [slot.repeat for slot in slots] == sorted(slot.repeat for slot in slots)


@given(st.integers(1, 12), st.integers(1, 4), seeds)
def test_m14_the_seed_alone_makes_the_order(count: int, repeats: int, seed: int) -> None:
    plan = cases(count)
    assert schedule(plan, repeats, seed) == schedule(plan[::-1], repeats, seed)


@given(seeds)
def test_m14_rounds_and_seeds_differ_in_their_order(seed: int) -> None:
    plan = cases(20)
    first, second = ([slot.key for slot in schedule(plan, 2, seed)][start : start + 20] for start in (0, 20))
    other = [slot.key for slot in schedule(plan, 1, seed + 1)]
    assert first != second
    assert first != other


def test_m14_the_order_is_the_same_on_every_machine() -> None:
    sizes = [slot.case.workload.size_bytes for slot in schedule(cases(8), 2, 42)]
    assert sizes == [2, 4, 6, 8, 5, 1, 3, 7, 2, 8, 5, 7, 6, 1, 4, 3]
