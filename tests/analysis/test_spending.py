"""On what the cpu time of a message goes: parts from probes, and a rest that makes up what was measured."""

from __future__ import annotations

from typing import Any

import pytest

from queuemark.analysis.spending import Spending, spendings
from queuemark.model.plan import Case
from queuemark.model.probe import Probe
from queuemark.model.transport import Cost, Way
from tests.examples import case, document, trial

COST = Cost(ways=[Way(mechanism="pipe")])


def probe(name: str, value: float, **params: Any) -> Probe:
    return Probe(name=name, params=params, unit="ns", value=value, low=value, high=value, samples=30)


def probes() -> list[Probe]:
    """A send takes 400 ns and 1 ns a byte, a receive 300 and 2; a byte is written in 0.1 ns and checked in 0.2."""
    found = [probe("futex", 2000.0, cores="one")]
    for size in (16, 16_384):
        for side, call_ns, byte_ns in (("send", 400, 1), ("receive", 300, 2)):
            known = {"bytes": size, "mechanism": "pipe", "side": side, "calls": "each", "cores": "one"}
            found.append(probe("path", call_ns + byte_ns * size, **known))
        for side, byte_ns in (("write", 0.1), ("compare", 0.2)):
            found += [probe("message", byte_ns * size, bytes=size, side=side, cores=cores) for cores in ("one", "two")]
    return found


def spending(of: Case, cost: Cost | None = COST, **changed: Any) -> Spending:
    held = document((of, [trial(of, repeat, **changed) for repeat in range(3)]), probes_before=probes())
    held.session.costs = {"pipe": cost} if cost else {}
    (found,) = spendings(held)
    return found


def test_a_call_is_what_remains_without_bytes_and_copies_are_what_bytes_add() -> None:
    parts = spending(case("pipe", size_bytes=1016)).parts
    assert parts is not None
    # The smallest size that was probed stands for none: 416 ns to send, 332 ns to receive.
    assert parts.calls_ns == pytest.approx(416 + 332)
    assert parts.copies_ns == pytest.approx(3 * (1016 - 16))
    assert parts.content_ns == pytest.approx(0.3 * 1016)


def test_one_call_for_many_messages_is_shared_by_them() -> None:
    each = spending(case("pipe", size_bytes=16)).parts
    gathered = spending(case("pipe", size_bytes=16, policy="buffer:16384")).parts
    assert each is not None and gathered is not None
    assert each.calls_ns - gathered.calls_ns == pytest.approx(416 * (1 - 1 / 1024))
    assert gathered.copies_ns == pytest.approx((16_384 - 16) / 1024)


def test_a_wake_up_is_a_voluntary_switch() -> None:
    parts = spending(case("pipe"), delivered=120_000, switches_voluntary=30_000).parts
    assert parts is not None
    assert parts.wake_ups_ns == pytest.approx(2000 / 4)


def test_the_parts_and_the_rest_are_what_was_measured() -> None:
    found = spending(case("pipe"), cpu_ns=600_000_000)
    assert found.parts is not None and found.rest_ns is not None
    assert found.measured_ns == pytest.approx(5000)
    assert found.parts.sum_ns + found.rest_ns == pytest.approx(5000)


def test_parts_may_come_to_more_than_was_measured() -> None:
    rest_ns = spending(case("pipe"), cpu_ns=1_000_000).rest_ns
    assert rest_ns is not None and rest_ns < 0


@pytest.mark.parametrize("of", [case("pipe", pattern="pingpong"), case("tcp")])
def test_what_the_model_does_not_know_has_no_parts(of: Case) -> None:
    found = spending(of)
    assert (found.parts, found.rest_ns) == (None, None)
    assert found.measured_ns > 0


def test_without_a_declared_cost_there_are_no_parts() -> None:
    assert spending(case("pipe"), None).parts is None


def test_a_failed_trial_took_no_time_that_counts() -> None:
    of = case("pipe")
    assert spendings(document((of, [trial(of, state="failed", reason="1 message was lost")]))) == []
