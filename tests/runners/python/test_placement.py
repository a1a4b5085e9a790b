"""Who runs where: what a role says it is pinned to is where it runs."""

from __future__ import annotations

import os
import threading

import pytest

from queuemark.runners.python.placement import allowed_cpus, cpus_of, crowded, pin


@pytest.mark.parametrize(
    ("placement", "cpus"), [("spread", [[2], [5], [7], [2]]), ("same", [[2]] * 4), ("free", [[]] * 4)]
)
def test_a_placement_names_the_cpus_of_each(placement: str, cpus: list[list[int]]) -> None:
    assert [cpus_of(worker, placement, (2, 5, 7)) for worker in range(4)] == cpus


@pytest.mark.parametrize(
    ("workers", "placement", "waiting"),
    [(2, "spread", False), (3, "spread", True), (2, "same", True), (2, "free", False), (3, "free", True)],
)
def test_more_workers_than_cpus_wait_for_each_other(workers: int, placement: str, waiting: bool) -> None:
    assert crowded(workers, placement, (0, 1)) == waiting


def test_a_thread_is_pinned_alone() -> None:
    before, pinned = allowed_cpus(), list[int]()

    def role() -> None:
        pin([before[-1]])
        pinned.extend(os.sched_getaffinity(0))

    thread = threading.Thread(target=role)
    thread.start()
    thread.join()
    assert pinned == [before[-1]]
    pin([])
    assert allowed_cpus() == before
