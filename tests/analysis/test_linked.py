"""How near a case comes to what its link allows."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.linked import allowed_per_s, link_share
from queuemark.analysis.wire import tcp_stream_limit, udp_limit
from queuemark.model.link import parse_link
from queuemark.model.mix import parse_sizes
from queuemark.model.plan import Case
from queuemark.model.session import CaseResult
from queuemark.model.workload import MessagesSource
from tests.examples import case, document, trial

M100 = parse_link("100M")


def result(of: Case, **changed: Any) -> CaseResult:
    return with_estimates(document((of, [trial(of, repeat, **changed) for repeat in range(3)]))).cases[0]


def udp(**changed: Any) -> Case:
    return msgspec.structs.replace(case("tcp", link=M100, **changed), transport="udp", params={})


@pytest.mark.parametrize("size_bytes", [1, 16, 18, 64, 1460, 1472, 1473, 9000])
def test_m25_a_datagram_is_a_packet_of_its_own(size_bytes: int) -> None:
    allowed = allowed_per_s(result(udp(size_bytes=size_bytes)))
    assert allowed == pytest.approx(udp_limit(M100, size_bytes, 1).messages_per_s)


@pytest.mark.parametrize("size_bytes", [1, 16, 64, 1460, 9000])
def test_m25_a_stream_counts_with_its_framing_in_full_segments(size_bytes: int) -> None:
    allowed = allowed_per_s(result(case("tcp", size_bytes=size_bytes, link=M100)))
    assert allowed == pytest.approx(tcp_stream_limit(M100, size_bytes + 4).messages_per_s)


def test_m25_of_a_mix_each_size_takes_its_own_frames() -> None:
    mix = parse_sizes("64:70%,1k:30%")[0]
    assert not isinstance(mix, int)
    allowed = allowed_per_s(result(udp(size_bytes=1024, mix=mix)))
    wire_bytes = 0.7 * udp_limit(M100, 64, 1).wire_bytes + 0.3 * udp_limit(M100, 1024, 1).wire_bytes
    assert allowed == pytest.approx(12_500_000 / wire_bytes)


def test_a_fan_out_crosses_the_link_once_for_each_consumer() -> None:
    of = case("tcp", link=M100, pattern="fanout", consumers=4)
    shared = result(case("tcp", link=M100))
    assert allowed_per_s(result(of)) == pytest.approx(allowed_per_s(shared))


def test_the_share_is_what_was_delivered_of_what_is_allowed() -> None:
    found = result(case("tcp", size_bytes=1444, link=M100), window_ns=10**9, delivered=6502)
    # 8,127.4 segments a second, and 1448 B in each.
    assert link_share(found) == pytest.approx(6502 / (12_500_000 / 1538))


def test_where_nothing_is_known_there_is_no_limit() -> None:
    own = MessagesSource(name="log", format="lines", sha256="0" * 64, count=3, total_bytes=30, largest_bytes=19)
    assert allowed_per_s(result(case("tcp"))) is None
    assert allowed_per_s(result(msgspec.structs.replace(case("tcp", link=M100), transport="quic"))) is None
    assert allowed_per_s(result(udp(size_bytes=19, messages=own))) is None
    of = case("tcp", link=M100)
    refused = document((of, [trial(of, state="unavailable", sent=0, delivered=0)])).cases[0]
    assert (allowed_per_s(refused), link_share(refused)) == (None, None)
