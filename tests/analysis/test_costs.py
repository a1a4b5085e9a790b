"""What a message costs, from sessions that were measured."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from queuemark.analysis.costs import message_costs
from queuemark.model.plan import Case
from queuemark.model.session import SessionDocument
from tests.examples import case, document, trial


def measured(of: Case, *cpu_ns: int, **changed: Any) -> SessionDocument:
    """A session of one case, whose trials cost so much in sum."""
    counted = [trial(of, repeat, cpu_ns=cost, **changed) for repeat, cost in enumerate(cpu_ns)]
    return document((of, counted))


def test_the_cost_is_the_median_over_trials_a_message() -> None:
    of = case("tcp")
    delivered = trial(of).delivered
    (cost,) = message_costs([measured(of, 100 * delivered, 300 * delivered, 200 * delivered)], 64)
    assert (cost.cpu_ns, cost.case) == (200, of)


def test_the_nearest_size_counts_and_then_the_newest_session() -> None:
    sizes = [measured(case("tcp", size_bytes=size), 10**9) for size in (16, 100, 1024, 100)]
    for number, held in enumerate(sizes):
        held.session.id = f"{number:032x}"
    assert [cost.case.workload.size_bytes for cost in message_costs(sizes, 200)] == [100]
    assert [cost.session_id for cost in message_costs(sizes, 200)] == [f"{1:032x}"]
    assert [cost.case.workload.size_bytes for cost in message_costs(sizes, 10_000)] == [1024]


def test_policies_and_parameters_have_costs_of_their_own_the_cheapest_first() -> None:
    dear, cheap = case("tcp"), case("tcp", policy="buffer:16384")
    undelayed = msgspec.structs.replace(dear, params={**dear.params, "nodelay": 1})
    found = message_costs([measured(dear, 3 * 10**9), measured(cheap, 10**6), measured(undelayed, 2 * 10**9)], 64)
    assert [cost.case for cost in found] == [cheap, undelayed, dear]


@pytest.mark.parametrize(
    "changed",
    [{"wait": "spin"}, {"placement": "same"}, {"consumers": 2}],
)
def test_what_is_charged_for_more_than_the_message_does_not_count(changed: dict[str, Any]) -> None:
    assert message_costs([measured(case("tcp", **changed), 10**9)], 64) == []


def test_what_was_not_proved_has_no_cost() -> None:
    assert message_costs([measured(case("tcp"), 10**9, state="failed", reason="lost")], 64) == []
