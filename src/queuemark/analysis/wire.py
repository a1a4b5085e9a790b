"""What a wire allows: whole Ethernet frames, counted to the last bit, over the link's rate.

1. A frame is counted with all that occupies the wire for it: preamble, start delimiter and the gap after it included.
2. A limit is an upper limit: one direction, no acknowledgement, no loss, no pause between frames.
3. What does not fit into one frame takes more: IPv4 fragments for UDP, segments for TCP.

Sources: IEEE 802.3-2022, clauses 3.1.1 and 4.4.2 (frame, smallest frame, gap); IEEE 802.1Q, clause 9 (tag); RFC 791
(IPv4, fragments in units of 8 bytes); RFC 768 (UDP); RFC 9293 and RFC 7323 appendix A (TCP, timestamps in 12 bytes).
"""

from __future__ import annotations

__all__ = [
    "FRAME_LOW_BYTES",
    "UDP_HIGH_BYTES",
    "Link",
    "WireLimit",
    "packed_per_datagram",
    "tcp_limit",
    "tcp_stream_limit",
    "udp_limit",
]

from fractions import Fraction

import msgspec

from queuemark.model.errors import UsageError

PREAMBLE_BYTES = 7 + 1
"""With the start-of-frame delimiter."""

ETHERNET_BYTES = 14
VLAN_BYTES = 4
FCS_BYTES = 4
GAP_BYTES = 12
FRAME_LOW_BYTES = 64
"""From the destination address to the check sequence; a tag counts, so tagged frames need less padding."""

IPV4_BYTES = 20
UDP_BYTES = 8
TCP_BYTES = 20 + 12
"""With the timestamps option, padded."""

UDP_HIGH_BYTES = 65535 - IPV4_BYTES - UDP_BYTES
MTU_LOW_BYTES = 68
MTU_HIGH_BYTES = 65535

_NS_PER_S = 10**9


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """bits_per_s: at least 1. mtu_bytes: the largest IPv4 packet of one frame, 68 to 65535. vlan: frames have a tag.

    Raises: UsageError for an mtu outside of its range.
    """

    bits_per_s: int
    mtu_bytes: int = 1500
    vlan: bool = False

    def __post_init__(self) -> None:
        if not MTU_LOW_BYTES <= self.mtu_bytes <= MTU_HIGH_BYTES:
            raise UsageError(
                f"an mtu of {self.mtu_bytes} B cannot carry IPv4; it is {MTU_LOW_BYTES} to {MTU_HIGH_BYTES}, "
                "for example 1500 or 9000"
            )

    @property
    def bytes_per_s(self) -> Fraction:
        return Fraction(self.bits_per_s, 8)

    @property
    def tcp_room_bytes(self) -> int:
        """What one segment carries."""
        return self.mtu_bytes - IPV4_BYTES - TCP_BYTES

    @property
    def udp_room_bytes(self) -> int:
        """What one datagram carries that is not fragmented."""
        return self.mtu_bytes - IPV4_BYTES - UDP_BYTES

    def frame_bytes(self, packet_bytes: int) -> int:
        """From the destination address to the check sequence. packet_bytes: IPv4 header and all after it."""
        tag_bytes = VLAN_BYTES if self.vlan else 0
        return max(FRAME_LOW_BYTES, ETHERNET_BYTES + tag_bytes + packet_bytes + FCS_BYTES)

    def wire_bytes(self, packet_bytes: int) -> int:
        """What the frame of a packet keeps the wire busy for."""
        return PREAMBLE_BYTES + self.frame_bytes(packet_bytes) + GAP_BYTES

    def frames_per_s(self, packet_bytes: int) -> float:
        return float(self.bytes_per_s / self.wire_bytes(packet_bytes))


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
    if payload_bytes > UDP_HIGH_BYTES:
        raise UsageError(
            f"{messages} x {size_bytes} B is {payload_bytes} B, and a datagram of UDP carries at most "
            f"{UDP_HIGH_BYTES}; choose a smaller --size or --per-packet, or --transport tcp"
        )
    return _limit(link, size_bytes, messages, _fragments(link, UDP_BYTES + payload_bytes))


def packed_per_datagram(link: Link, size_bytes: int) -> int:
    """How many whole messages fit into a datagram of one frame; 1 where none does."""
    return max(1, link.udp_room_bytes // size_bytes)


def tcp_limit(link: Link, size_bytes: int, messages: int) -> WireLimit:
    """messages: in one write, at least 1, that is sent off at once: its last segment does not wait to be filled."""
    whole, rest_bytes = divmod(size_bytes * messages, link.tcp_room_bytes)
    packets = [(link.mtu_bytes, whole)]
    if rest_bytes:
        packets.append((IPV4_BYTES + TCP_BYTES + rest_bytes, 1))
    return _limit(link, size_bytes, messages, packets)


def tcp_stream_limit(link: Link, size_bytes: int) -> WireLimit:
    """Every segment full: TCP is a stream, so a message may end in the segment after the one that it begins in."""
    return WireLimit(
        link=link,
        size_bytes=size_bytes,
        messages=Fraction(link.tcp_room_bytes, size_bytes),
        frames=1,
        wire_bytes=link.wire_bytes(link.mtu_bytes),
    )


def _fragments(link: Link, data_bytes: int) -> list[tuple[int, int]]:
    """The IPv4 packets of a datagram with its header: their size in bytes, and how many there are of it."""
    room_bytes = link.mtu_bytes - IPV4_BYTES
    # All but the last end where the next can begin: at a multiple of 8.
    step_bytes = room_bytes // 8 * 8
    whole = max(0, -(-(data_bytes - room_bytes) // step_bytes))
    return [(IPV4_BYTES + step_bytes, whole), (IPV4_BYTES + data_bytes - whole * step_bytes, 1)]


def _limit(link: Link, size_bytes: int, messages: int, packets: list[tuple[int, int]]) -> WireLimit:
    return WireLimit(
        link=link,
        size_bytes=size_bytes,
        messages=Fraction(messages),
        frames=sum(count for _, count in packets),
        wire_bytes=sum(count * link.wire_bytes(packet_bytes) for packet_bytes, count in packets),
    )
