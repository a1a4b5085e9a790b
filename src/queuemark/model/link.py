"""A wire between two hosts: its rate, and what a packet occupies of it.

1. A frame is counted with all that occupies the wire for it: preamble, start delimiter and the gap after it included.

Sources: IEEE 802.3-2022, clauses 3.1.1 and 4.4.2 (frame, smallest frame, gap); IEEE 802.1Q, clause 9 (tag); RFC 791
and RFC 8200 (smallest mtu and header of IPv4 and IPv6).
"""

from __future__ import annotations

__all__ = ["FRAME_LOW_BYTES", "MTU_DEFAULT_BYTES", "MTU_HIGH_BYTES", "Link", "check_link", "link_text", "parse_link"]

from fractions import Fraction
from typing import Annotated, Literal

import msgspec

from queuemark.model.errors import UsageError
from queuemark.model.units import Positive, format_count, parse_bytes, parse_count

PREAMBLE_BYTES = 7 + 1
"""With the start-of-frame delimiter."""

ETHERNET_BYTES = 14
VLAN_BYTES = 4
FCS_BYTES = 4
GAP_BYTES = 12
FRAME_LOW_BYTES = 64
"""From the destination address to the check sequence; a tag counts, so tagged frames need less padding."""

MTU_DEFAULT_BYTES = 1500
MTU_HIGH_BYTES = 65535
_MTU_LOW_BYTES = {4: 68, 6: 1280}


class Link(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """bits_per_s: of each direction. mtu_bytes: the largest packet of one frame, its IP header included.

    vlan: frames have a tag. ip: the version of the Internet protocol.
    """

    bits_per_s: Positive
    mtu_bytes: Annotated[int, msgspec.Meta(ge=68, le=MTU_HIGH_BYTES)] = MTU_DEFAULT_BYTES
    vlan: bool = False
    ip: Literal[4, 6] = 4

    @property
    def bytes_per_s(self) -> Fraction:
        return Fraction(self.bits_per_s, 8)

    def frame_bytes(self, packet_bytes: int) -> int:
        """From the destination address to the check sequence. packet_bytes: the IP header and all after it."""
        tag_bytes = VLAN_BYTES if self.vlan else 0
        return max(FRAME_LOW_BYTES, ETHERNET_BYTES + tag_bytes + packet_bytes + FCS_BYTES)

    def wire_bytes(self, packet_bytes: int) -> int:
        """What the frame of a packet keeps the wire busy for."""
        return PREAMBLE_BYTES + self.frame_bytes(packet_bytes) + GAP_BYTES

    def frames_per_s(self, packet_bytes: int) -> float:
        return float(self.bytes_per_s / self.wire_bytes(packet_bytes))


def check_link(link: Link) -> Link:
    """Raises: UsageError for an mtu that its version of IP does not have."""
    low_bytes = _MTU_LOW_BYTES[link.ip]
    if not low_bytes <= link.mtu_bytes <= MTU_HIGH_BYTES:
        raise UsageError(
            f"an mtu of {link.mtu_bytes} B cannot carry IPv{link.ip}; it is {low_bytes} to {MTU_HIGH_BYTES}, "
            "for example 1500 or 9000"
        )
    return link


def parse_link(text: str) -> Link:
    """``100M``, or ``10G/9000`` with an mtu.

    Raises: UsageError.
    """
    rate, slash, mtu = text.partition("/")
    mtu_bytes = parse_bytes(mtu, "mtu") if slash else MTU_DEFAULT_BYTES
    return check_link(Link(bits_per_s=parse_count(rate, "link"), mtu_bytes=mtu_bytes))


def link_text(link: Link) -> str:
    """``100 Mb/s``, and what is not usual: ``10 Gb/s, mtu 9000``"""
    said = [f"mtu {link.mtu_bytes}"] if link.mtu_bytes != MTU_DEFAULT_BYTES else []
    said += ["tagged"] if link.vlan else []
    said += ["IPv6"] if link.ip == 6 else []
    return ", ".join([f"{format_count(link.bits_per_s)}b/s", *said])
