"""Whole frames on a wire: arithmetic that can be checked by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.analysis.wire import (
    WireLimit,
    packed_per_datagram,
    tcp_limit,
    tcp_stream_limit,
    udp_high_bytes,
    udp_limit,
)
from queuemark.model.errors import UsageError
from queuemark.model.link import Link

M100 = Link(bits_per_s=100_000_000)
M100_IPV6 = Link(bits_per_s=100_000_000, ip=6)
UDP_HIGH_BYTES = udp_high_bytes(M100)

links = st.one_of(
    st.builds(
        Link, bits_per_s=st.integers(1, 10**12), mtu_bytes=st.integers(low, 65535), vlan=st.booleans(), ip=st.just(ip)
    )
    for ip, low in ((4, 68), (6, 1280))
)


@pytest.mark.parametrize(
    ("bits_per_s", "minimum", "full", "minimum_ns"),
    [
        (100_000_000, 148_809, 8_127, 6720),
        (1_000_000_000, 1_488_095, 81_274, 672),
        (10_000_000_000, 14_880_952, 812_743, 67.2),
        (25_000_000_000, 37_202_380, 2_031_859, 26.88),
        (100_000_000_000, 148_809_523, 8_127_438, 6.72),
        (400_000_000_000, 595_238_095, 32_509_752, 1.68),
    ],
)
def test_m25_minimum_and_full_frames_of_every_link(bits_per_s: int, minimum: int, full: int, minimum_ns: float) -> None:
    link = Link(bits_per_s=bits_per_s)
    assert (link.wire_bytes(0), link.wire_bytes(1500)) == (84, 1538)
    assert (int(link.frames_per_s(0)), int(link.frames_per_s(1500))) == (minimum, full)
    assert udp_limit(link, 1, 1).ns_per_frame == pytest.approx(minimum_ns)


def test_jumbo_frames() -> None:
    jumbo = Link(bits_per_s=10_000_000_000, mtu_bytes=9000)
    assert (jumbo.wire_bytes(9000), int(jumbo.frames_per_s(9000))) == (9038, 138_304)


def test_m25_a_tag_takes_four_bytes_but_not_of_the_smallest_frame() -> None:
    tagged = Link(bits_per_s=100_000_000, vlan=True)
    assert (tagged.wire_bytes(1500), int(tagged.frames_per_s(1500))) == (1542, 8_106)
    assert (tagged.wire_bytes(0), M100.wire_bytes(46), M100.wire_bytes(47)) == (84, 84, 85)
    assert (tagged.wire_bytes(42), tagged.wire_bytes(43)) == (84, 85)


@pytest.mark.parametrize(
    ("limit", "wire_bytes"),
    [
        (udp_limit(M100, 18, 1), 84),
        (udp_limit(M100, 19, 1), 85),
        (udp_limit(M100, 1472, 1), 1538),
        (tcp_limit(M100, 1, 1), 8 + 14 + 20 + 32 + 1 + 4 + 12),
        (tcp_limit(M100, 16, 1), 106),
        (tcp_limit(M100, 1448, 1), 1538),
        # 20 B more of IPv6 than of IPv4.
        (udp_limit(M100_IPV6, 16, 1), 102),
        (udp_limit(M100_IPV6, 1452, 1), 1538),
        (tcp_limit(M100_IPV6, 1428, 1), 1538),
    ],
)
def test_m25_every_header_of_a_packet_is_counted(limit: WireLimit, wire_bytes: int) -> None:
    assert (limit.frames, limit.wire_bytes) == (1, wire_bytes)
    assert limit.messages_per_s == limit.frames_per_s == 12_500_000 / wire_bytes
    assert limit.ns_per_message == pytest.approx(80 * wire_bytes)


@pytest.mark.parametrize(
    ("limit", "frames", "wire_bytes"),
    [
        # Headers of Ethernet and IPv4 for each fragment (58 B), of UDP once.
        (udp_limit(M100, 1473, 1), 2, 1538 + 84),
        (udp_limit(M100, 1519, 1), 2, 1538 + 58 + 47),
        (udp_limit(M100, 16, 290), 4, 4 * 58 + 8 + 4640),
        (udp_limit(M100, UDP_HIGH_BYTES, 1), 45, 45 * 58 + 8 + UDP_HIGH_BYTES),
        # Of IPv6 each fragment has a header of 8 B more (86 B).
        (udp_limit(M100_IPV6, 1453, 1), 2, 2 * 86 + 8 + 1453),
        # All headers for each segment (90 B).
        (tcp_limit(M100, 1449, 1), 2, 1538 + 91),
        (tcp_limit(M100, 16, 290), 4, 4 * 90 + 4640),
        (tcp_limit(M100, 2896, 1), 2, 2 * 1538),
    ],
)
def test_m25_more_messages_than_a_frame_holds_take_more_frames(limit: WireLimit, frames: int, wire_bytes: int) -> None:
    assert (limit.frames, limit.wire_bytes) == (frames, wire_bytes)
    assert limit.messages_per_s == pytest.approx(12_500_000 / wire_bytes * float(limit.messages))
    assert limit.frames_per_s == pytest.approx(12_500_000 / wire_bytes * frames)


def test_a_fragment_that_is_not_the_last_ends_at_a_multiple_of_8() -> None:
    # 1483 - 20 leaves 1463, of which 1456 are taken; the rest is 8 + 1464 - 1456 = 16.
    odd = Link(bits_per_s=100_000_000, mtu_bytes=1483)
    assert udp_limit(odd, 1455, 1).frames == 1
    assert (udp_limit(odd, 1464, 1).frames, udp_limit(odd, 1464, 1).wire_bytes) == (2, 38 + 1476 + 84)


def test_m25_a_segment_ends_within_a_message() -> None:
    assert packed_per_datagram(M100, 16) == 92
    assert tcp_stream_limit(M100, 16).messages == Fraction(181, 2)
    assert int(tcp_stream_limit(M100, 16).messages_per_s) == 735_533
    assert int(udp_limit(M100, 16, 92).messages_per_s) == 747_724
    assert tcp_stream_limit(M100, 14_480).messages == Fraction(1, 10)


@given(links, st.integers(1, UDP_HIGH_BYTES), st.integers(1, 300))
def test_m25_no_way_to_send_passes_the_bits_of_the_messages_alone(link: Link, size_bytes: int, messages: int) -> None:
    ways = [tcp_limit(link, size_bytes, messages), tcp_stream_limit(link, size_bytes), udp_limit(link, size_bytes, 1)]
    for limit in ways:
        assert 0 < limit.messages_per_s < float(link.bytes_per_s / size_bytes)
        assert limit.frames_per_s <= link.frames_per_s(0)
        assert limit.wire_bytes <= limit.frames * link.wire_bytes(link.mtu_bytes)
        assert 0 < limit.payload_share < 1
    # Nothing that TCP does with a write passes segments that are all full.
    assert ways[0].messages_per_s <= ways[1].messages_per_s * (1 + 1e-12)


def test_a_datagram_has_an_end() -> None:
    with pytest.raises(UsageError, match="4095 x 16 B is 65520 B, and a datagram of UDP carries at most 65507"):
        udp_limit(M100, 16, 4095)


def test_no_message_of_a_frame_fits_and_one_is_sent_all_the_same() -> None:
    assert (packed_per_datagram(M100, 1472), packed_per_datagram(M100, 1473)) == (1, 1)
