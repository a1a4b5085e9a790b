"""What a wire allows: how many messages a second whole frames carry, counted to the last bit.

1. A limit is an upper limit: one direction, no acknowledgement, no loss, no pause between frames.
2. What does not fit into one frame takes more: fragments for UDP, segments for TCP.

Sources: RFC 791 and RFC 8200 (IPv4 and IPv6, fragments in units of 8 bytes); RFC 768 (UDP); RFC 9293 and RFC 7323
appendix A (TCP, timestamps in 12 bytes). Frames: queuemark.model.link.
"""

from __future__ import annotations

__all__ = [
    "WireLimit",
    "packed_per_datagram",
    "tcp_limit",
    "tcp_room_bytes",
    "tcp_stream_limit",
    "udp_high_bytes",
    "udp_limit",
]

from fractions import Fraction

import msgspec

from queuemark.model.errors import UsageError
from queuemark.model.link import Link

_IP_BYTES = {4: 20, 6: 40}
_FRAGMENT_BYTES = {4: 0, 6: 8}
"""What each fragment has beyond the header that a whole packet has, too."""

UDP_BYTES = 8
TCP_BYTES = 20 + 12
"""With the timestamps option, padded."""

_IP_HIGH_BYTES = 65535
"""The length of a packet; IPv4 counts its header in it, IPv6 does not."""

_NS_PER_S = 10**9


def tcp_room_bytes(link: Link) -> int:
    """What one segment carries."""
    return link.mtu_bytes - _IP_BYTES[link.ip] - TCP_BYTES


def udp_high_bytes(link: Link) -> int:
    """What the largest datagram carries, fragmented or not."""
    return _IP_HIGH_BYTES - (_IP_BYTES[4] if link.ip == 4 else 0) - UDP_BYTES


class WireLimit(msgspec.Struct, frozen=True, kw_only=True):
    """Packets of one kind, one after the other on a link.

    A packet is a datagram, or what one write to TCP sends off.
    messages: of size_bytes in a packet; a part of one where a message goes on in the next.
    frames, wire_bytes: of a packet.
    """

    link: Link
    size_bytes: int
    messages: Fraction
    frames: int
    wire_bytes: int

    @property
    def frames_per_s(self) -> float:
        return float(self._packets_per_s * self.frames)

    @property
    def messages_per_s(self) -> float:
        return float(self._packets_per_s * self.messages)

    @property
    def ns_per_frame(self) -> float:
        """What is left to a core that handles every frame alone."""
        return float(_NS_PER_S / (self._packets_per_s * self.frames))

    @property
    def ns_per_message(self) -> float:
        """What is left to a core that handles every message alone."""
        return float(_NS_PER_S / (self._packets_per_s * self.messages))

    @property
    def payload_share(self) -> float:
        """Bytes of messages among the bytes on the wire, 0 to 1."""
        return float(self.messages * self.size_bytes / self.wire_bytes)

    @property
    def _packets_per_s(self) -> Fraction:
        return self.link.bytes_per_s / self.wire_bytes


def udp_limit(link: Link, size_bytes: int, messages: int) -> WireLimit:
    """messages: in one datagram, at least 1.

    Raises: UsageError when they are more than the largest datagram.
    """
    payload_bytes = size_bytes * messages
    if payload_bytes > udp_high_bytes(link):
        raise UsageError(
            f"{messages} x {size_bytes} B is {payload_bytes} B, and a datagram of UDP carries at most "
            f"{udp_high_bytes(link)}; choose a smaller --size or --per-packet, or --transport tcp"
        )
    return _limit(link, size_bytes, messages, _fragments(link, UDP_BYTES + payload_bytes))


def packed_per_datagram(link: Link, size_bytes: int) -> int:
    """How many whole messages fit into a datagram of one frame; 1 where none does."""
    return max(1, (link.mtu_bytes - _IP_BYTES[link.ip] - UDP_BYTES) // size_bytes)


def tcp_limit(link: Link, size_bytes: int, messages: int) -> WireLimit:
    """messages: in one write, at least 1, that is sent off at once: its last segment does not wait to be filled."""
    whole, rest_bytes = divmod(size_bytes * messages, tcp_room_bytes(link))
    packets = [(link.mtu_bytes, whole)]
    if rest_bytes:
        packets.append((_IP_BYTES[link.ip] + TCP_BYTES + rest_bytes, 1))
    return _limit(link, size_bytes, messages, packets)


def tcp_stream_limit(link: Link, size_bytes: int) -> WireLimit:
    """Every segment full: TCP is a stream, so a message may end in the segment after the one that it begins in."""
    return WireLimit(
        link=link,
        size_bytes=size_bytes,
        messages=Fraction(tcp_room_bytes(link), size_bytes),
        frames=1,
        wire_bytes=link.wire_bytes(link.mtu_bytes),
    )


def _fragments(link: Link, data_bytes: int) -> list[tuple[int, int]]:
    """The packets of a datagram with its header: their size in bytes, and how many there are of it."""
    if data_bytes <= link.mtu_bytes - _IP_BYTES[link.ip]:
        return [(_IP_BYTES[link.ip] + data_bytes, 1)]
    head_bytes = _IP_BYTES[link.ip] + _FRAGMENT_BYTES[link.ip]
    room_bytes = link.mtu_bytes - head_bytes
    # All but the last end where the next can begin: at a multiple of 8.
    step_bytes = room_bytes // 8 * 8
    whole = -(-(data_bytes - room_bytes) // step_bytes)
    return [(head_bytes + step_bytes, whole), (head_bytes + data_bytes - whole * step_bytes, 1)]


def _limit(link: Link, size_bytes: int, messages: int, packets: list[tuple[int, int]]) -> WireLimit:
    return WireLimit(
        link=link,
        size_bytes=size_bytes,
        messages=Fraction(messages),
        frames=sum(count for _, count in packets),
        wire_bytes=sum(count * link.wire_bytes(packet_bytes) for packet_bytes, count in packets),
    )
