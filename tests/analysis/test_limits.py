"""The limit of a case, from figures that were made up so that it can be told by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.limits import BEYOND, case_limit
from queuemark.model.plan import Case
from queuemark.model.probe import Probe, Probes
from queuemark.model.session import CaseResult, Limit
from queuemark.model.transport import Cost, Way
from queuemark.model.trial import Trial
from tests.examples import case, document, transports, trial
from tests.submissions import sweep

COST = Cost(ways=[Way(mechanism="tcp")], gathers=True, holds="depth", frame_bytes=4)


RECORDED_NS = {
    ("tcp", "send", "each"): (790, 1107, 2277),
    ("tcp", "send", "many"): (77.5, 394, 1673),
    ("tcp", "send", "whole"): (53.5, 356, 1616),
    ("tcp", "receive", "many"): (51.6, 344, 1556),
    ("unix-stream", "send", "each"): (870, 1165, 1629),
    ("unix-stream", "send", "many"): (39.4, 309, 1312),
    ("unix-stream", "send", "whole"): (16.3, 278, 1225),
    ("unix-stream", "receive", "many"): (16.3, 273, 1220),
    ("pipe", "send", "each"): (304, 666, 1633),
    ("pipe", "send", "many"): (28.8, 340, 1365),
    ("pipe", "send", "whole"): (6.9, 325, 1309),
    ("pipe", "receive", "many"): (5.8, 363, 1455),
}
"""Paths of 16, 4096 and 16,384 bytes on one core of an AMD EPYC, with nothing else at work."""


def figure(name: str, value: float, **params: int | str) -> Probe:
    return Probe(name=name, params=params, unit="ns", value=value, low=value, high=value, samples=5)


def path(side: str, calls: str, *costs: tuple[int, float]) -> list[Probe]:
    known: dict[str, int | str] = {"mechanism": "tcp", "side": side, "calls": calls, "cores": "one"}
    return [figure("path", ns, bytes=size, **known) for size, ns in costs]


PROBES = [
    figure("message", 10.0, bytes=64, side="write", cores="one"),
    figure("message", 10.0, bytes=64, side="compare", cores="one"),
    figure("message", 5.0, bytes=64, side="write", cores="two"),
    figure("message", 20.0, bytes=64, side="compare", cores="two"),
    figure("futex", 1000.0, cores="one"),
    *path("send", "each", (16, 100.0), (1040, 612.0)),
    *path("send", "many", (16, 20.0), (1040, 120.0)),
    *path("receive", "many", (16, 30.0), (1040, 130.0)),
    *path("receive", "each", (16, 90.0), (1040, 200.0)),
]

WHOLE = path("send", "whole", (16, 14.0), (1040, 104.0))
"""What `many` costs without an element for each message: 6 ns less of 16 bytes, 16 ns less of 1040."""


def limit(
    of: Case,
    cost: Cost = COST,
    cpus: tuple[int, ...] = (0, 1),
    probes: Sequence[Probe] = PROBES,
    **changed: Any,
) -> Limit | None:
    """cpus: of the producer, and of each consumer."""
    ran = trial(of, **changed)
    assert ran.producer is not None
    ran.producer = msgspec.structs.replace(ran.producer, cpus=[cpus[0]])
    ran.consumers = [
        msgspec.structs.replace(consumer, cpus=[cpu]) for consumer, cpu in zip(ran.consumers, cpus[1:], strict=True)
    ]
    return judged(of, ran, cost, probes)


def judged(of: Case, ran: Trial, cost: Cost | None, probes: Sequence[Probe] = PROBES) -> Limit | None:
    (result,) = with_estimates(document((of, [ran]))).cases
    assert isinstance(result, CaseResult)
    return case_limit(result, cost, Probes(probes))


def rate(found: Limit | None) -> float:
    assert found is not None
    return found.rate_per_s


def test_m23_a_call_a_message_costs_its_bytes_and_its_way() -> None:
    # 68 bytes with their frame: 100 + 52 / 1024 * 512 ns, and 10 to write them.
    found = limit(case("tcp"))
    assert rate(found) == pytest.approx(1e9 / (10 + 100 + 26))
    assert found is not None and found.bound_by == "producer: 1 call a message"


def test_m23_two_calls_cost_twice() -> None:
    found = limit(case("tcp", policy="split"))
    assert rate(found) == pytest.approx(1e9 / (10 + 100 + 100 + 24))
    assert found is not None and found.bound_by == "producer: 2 calls a message"


def test_m23_a_full_buffer_shares_one_call() -> None:
    # 15 frames of 68 bytes: 1020 bytes a call, 602 ns.
    assert rate(limit(case("tcp", policy="buffer:1024"))) == pytest.approx(1e9 / (10 + 602 / 15))


def test_m23_of_a_stream_a_receive_takes_what_a_call_brought() -> None:
    # Where sending costs next to nothing, the 1020 bytes of a call are received in 30 + 1004 / 1024 * 100 ns.
    taking = [probe for probe in PROBES if probe.params.get("side") not in ("send", "write")]
    writing = figure("message", 1.0, bytes=64, side="write", cores="one")
    sending = path("send", "each", (16, 1.0), (1040, 1.0))
    found = limit(case("tcp", policy="buffer:1024"), probes=[*taking, writing, *sending])
    assert rate(found) == pytest.approx(1e9 / (10 + (30 + 1004 / 1024 * 100) / 15))
    assert found is not None and found.bound_by == "consumer: the bytes of the message themselves"


def test_m23_a_vectored_call_costs_its_bytes_and_its_elements() -> None:
    # 15 frames of 68 bytes, as in the buffer; an element is 6 + 52 / 1024 * 10 ns.
    vector = case("tcp", policy="vector:15")
    assert rate(limit(vector, probes=[*PROBES, *WHOLE])) == pytest.approx(1e9 / (10 + 602 / 15 + 6 + 52 / 1024 * 10))
    assert rate(limit(vector)) == pytest.approx(1e9 / (10 + 602 / 15))


def test_m23_a_datagram_of_many_costs_its_own_way() -> None:
    # 100 + 26 ns alone, 20 + 5.08 among many; of 4 each has a quarter of what the call itself costs.
    many_ns = 20 + 52 / 1024 * 100
    found = limit(case("tcp", policy="vector:4"), msgspec.structs.replace(COST, gathers=False))
    assert rate(found) == pytest.approx(1e9 / (10 + many_ns + (126 - many_ns) / 4))


def test_m23_what_waits_for_a_consumer_on_the_same_cpu_is_put_together() -> None:
    probes = [*PROBES, *path("send", "queued", (16, 40.0), (1040, 552.0))]
    consumer_ns, turns_ns = 10 + 30 + 52 / 1024 * 100, 2 * 1000 / 10
    together = limit(case("tcp"), cpus=(0, 0), probes=probes, granted={"depth": 10})
    assert rate(together) == pytest.approx(1e9 / (10 + 40 + 26 + consumer_ns + turns_ns))
    assert rate(limit(case("tcp"), probes=probes)) == rate(limit(case("tcp")))


def test_m23_what_lies_below_a_number_is_of_another_kind() -> None:
    small = [figure("message", 40.0, bytes=4, side=side, cores="one") for side in ("write", "compare")]
    probes = [*PROBES, *small]
    assert rate(limit(case("tcp"), probes=probes)) == rate(limit(case("tcp")))
    assert rate(limit(case("tcp", size_bytes=8), probes=probes)) == rate(limit(case("tcp", size_bytes=8)))
    # 7 bytes, and 4 around them: less than the smallest way that was probed.
    assert rate(limit(case("tcp", size_bytes=7), probes=probes)) == pytest.approx(1e9 / (40 + 100))
    assert limit(case("tcp", size_bytes=7)) is None


def test_m23_of_two_probings_the_faster_counts() -> None:
    of = case("tcp")
    slow = [msgspec.structs.replace(figure, value=10 * (figure.value or 0.0)) for figure in PROBES]
    rates = []
    for before, after in ((PROBES, slow), (slow, PROBES), (PROBES, [])):
        held = document((of, [trial(of)]))
        held.session.costs, held.session.probes_before, held.session.probes_after = {"tcp": COST}, before, after
        rates.append(rate(with_estimates(held).cases[0].limit))
    assert rates == [pytest.approx(1e9 / (10 + 100 + 26))] * 3


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize(
    ("transport", "policy", "rate_per_s"),
    [
        ("tcp", "buffer:16384", 144.6e6),
        ("tcp", "vector:64", 19.9e6),
        ("unix-stream", "buffer:16384", 222.2e6),
        ("unix-stream", "vector:64", 16.2e6),
        ("pipe", "buffer:16384", 243.6e6),
        ("pipe", "vector:64", 30.5e6),
    ],
)
def test_m23_what_was_measured_with_these_probes_is_below_its_limit(
    transport: str, policy: str, rate_per_s: float, older: bool
) -> None:
    """16 bytes to one consumer, on the machine of these figures. older: as sessions have them that lack the last size
    and what goes in one piece.
    """
    sizes = (16, 4096) if older else (16, 4096, 16_384)
    probes = [figure("message", 0.4, bytes=16, side=side, cores="one") for side in ("write", "compare")]
    for (mechanism, side, calls), found_ns in RECORDED_NS.items():
        known: dict[str, int | str] = {"mechanism": mechanism, "side": side, "calls": calls, "cores": "one"}
        if not (older and calls == "whole"):
            probes += [figure("path", ns, bytes=size, **known) for size, ns in zip(sizes, found_ns, strict=False)]
    cost = transports()[transport].facts.cost
    assert cost is not None
    allowed = rate(limit(case(transport, size_bytes=16, policy=policy), cost, probes=probes))
    assert 0.15 < rate_per_s / allowed <= BEYOND


def test_m23_workers_on_one_cpu_add_up_and_take_turns() -> None:
    apart, together = limit(case("tcp")), limit(case("tcp"), cpus=(0, 0), granted={"depth": 10})
    assert rate(together) < rate(apart)
    consumer_ns, turns_ns = 10 + 30 + 52 / 1024 * 100, 2 * 1000 / 10
    assert rate(together) == pytest.approx(1e9 / (136 + consumer_ns + turns_ns))


def test_m23_consumers_that_have_cpus_of_their_own_share_the_work() -> None:
    packets = msgspec.structs.replace(COST, gathers=False)
    few, many = limit(case("tcp"), packets), limit(case("tcp", consumers=2), packets, cpus=(0, 1, 2))
    assert rate(many) == pytest.approx(rate(few))
    assert many is not None and many.bound_by == "producer: 1 call a message"


def test_what_binds_is_the_cpu_that_takes_longest_and_there_the_end_that_takes_most() -> None:
    packets, buffered = msgspec.structs.replace(COST, gathers=False), case("tcp", policy="buffer:1024")
    two = msgspec.structs.replace(buffered, workload=msgspec.structs.replace(buffered.workload, consumers=2))
    sent_ns, taken_ns = 10 + 602 / 15, 10 + 90 + 52 / 1024 * 110
    for found, ns, words in (
        (limit(two, packets, (0, 1, 1)), taken_ns, "consumer: 1 call a message"),
        (limit(two, packets, (0, 1, 2)), taken_ns / 2, "consumer: 1 call a message"),
        (limit(buffered, packets, (0, 0)), sent_ns + taken_ns, "consumer: 1 call a message"),
        (limit(two, cpus=(0, 0, 1)), sent_ns + 9.268, "producer (and consumers beside it): 1 call for 15 messages"),
    ):
        assert rate(found) == pytest.approx(1e9 / ns, rel=1e-4)
        assert found is not None and found.bound_by == words


def test_cases_of_a_session_have_the_limits_that_each_has_alone() -> None:
    swept = sweep("5e" * 16)
    costs = swept.session.costs = dict(swept.session.costs)
    costs["pipe"] = msgspec.structs.replace(costs["pipe"], ways=costs["tcp"].ways)
    whole, probes = with_estimates(swept), Probes(swept.session.probes_before)
    alone = [case_limit(result, costs[result.case.transport], probes) for result in whole.cases]
    assert [result.limit for result in whole.cases] == alone
    assert len({found.rate_per_s for found in alone if found is not None}) > 10


def test_m23_a_fan_out_writes_once_and_sends_to_each() -> None:
    found = limit(case("tcp", consumers=2, pattern="fanout"), cpus=(0, 1, 2))
    assert rate(found) == pytest.approx(2 * 1e9 / (10 + 2 * 126))


def test_m23_in_place_bytes_cross_from_core_to_core() -> None:
    found = limit(case("tcp"), Cost())
    assert rate(found) == pytest.approx(1e9 / 20)
    assert found is not None and found.bound_by == "consumer: the bytes of the message themselves"


def test_m23_a_result_above_its_limit_is_an_error_of_the_model() -> None:
    slow = limit(case("tcp"))
    assert slow is not None and slow.share is not None and slow.share < 1 and not slow.beyond
    fast = limit(case("tcp"), delivered=10_000_000)
    assert fast is not None and fast.share is not None and fast.share > 1.05 and fast.beyond


def test_without_cost_probes_or_proof_there_is_no_limit() -> None:
    of = case("tcp")
    assert judged(of, trial(of), None) is None
    assert judged(of, trial(of, state="failed", reason="lost"), COST) is None
    assert judged(of, trial(of), Cost(ways=[Way(mechanism="unknown")])) is None


def test_m23_every_transport_says_what_a_message_costs() -> None:
    for name, transport in transports().items():
        assert transport.facts.cost is not None, name
