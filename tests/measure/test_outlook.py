"""Time left: there from the start, corrected by what trials took, each transport by its own."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.measure.outlook import Outlook, typical_s
from queuemark.model.plan import Case
from tests.examples import case

TRANSPORTS = st.sampled_from(["tcp", "unix-stream", "pipe", "mq-posix"])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    amount = draw(st.sampled_from([{"items": 1_000_000}, {"items": 1}, {"duration_s": 0.4}]))
    consumers = draw(st.sampled_from([1, 2, 32]))
    return case(draw(TRANSPORTS), consumers=consumers, size_bytes=draw(st.integers(1, 4096)), **amount)


def test_a_duration_is_taken_as_it_is() -> None:
    longer = typical_s(case("tcp", duration_s=60.0)) - typical_s(case("tcp", duration_s=10.0))
    assert longer == pytest.approx(50)


def test_what_costs_more_is_expected_to_take_longer() -> None:
    def guess(transport: str = "tcp", **load: object) -> float:
        return typical_s(case(transport, items=1_000_000, **load))

    assert guess(size_bytes=4096) > guess(size_bytes=1)
    assert guess(policy="split") > guess() > guess(policy="buffer:16384")
    assert guess("mq-posix", consumers=32) > guess("mq-posix") + 1
    assert guess(consumers=4, pattern="fanout") > 3 * guess(consumers=4)
    assert guess(policy="vector:64") < guess()
    assert guess(pattern="pingpong") > 3 * guess(pattern="pingpong", in_flight=32) > 3 * guess()
    assert guess(pattern="pingpong") > 3 * guess(pattern="pingpong", wait="spin")


def test_interpreters_take_longer_to_start() -> None:
    def outside_s(runtime: str, consumers: int) -> float:
        of = msgspec.structs.replace(case("pipe", consumers=consumers, duration_s=1.0), runtime=runtime)
        return typical_s(of) - 1

    assert outside_s("python", 1) > 3 * outside_s("native", 1)
    assert outside_s("python", 4) - outside_s("python", 1) > 3 * (outside_s("native", 4) - outside_s("native", 1))


def test_a_vector_does_not_spare_a_datagram_what_it_costs() -> None:
    packets = msgspec.structs.replace(case("tcp", items=1_000_000, policy="vector:64"), transport="unix-dgram")
    assert typical_s(packets) > 1


@given(st.lists(cases(), min_size=1, max_size=20))
def test_before_anything_is_through_the_guesses_add_up(planned: list[Case]) -> None:
    assert Outlook(planned).left_s() == pytest.approx(sum(map(typical_s, planned)))


@given(st.lists(cases(), min_size=2, max_size=20), st.floats(0.1, 10), st.data())
def test_a_machine_of_another_speed_is_noticed(planned: list[Case], slower: float, data: st.DataObject) -> None:
    through = data.draw(st.integers(1, len(planned)))
    outlook = Outlook(planned)
    for each in planned[:through]:
        outlook.finished(each, slower * typical_s(each))
    left_s = slower * sum(map(typical_s, planned[through:]))
    assert outlook.left_s() == pytest.approx(left_s, abs=1e-6)


def test_a_transport_is_corrected_by_its_own_trials() -> None:
    tcp, queue = case("tcp", items=1000), case("mq-posix", items=1000)
    outlook = Outlook([tcp, tcp, queue, queue])
    outlook.finished(tcp, 3 * typical_s(tcp))
    outlook.finished(queue, 0.0)
    assert outlook.left_s() == pytest.approx(3 * typical_s(tcp))
