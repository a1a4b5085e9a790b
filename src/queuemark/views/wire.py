"""How many frames and messages does a wire allow, how long may each take, and how many cores would that keep busy?"""

from __future__ import annotations

__all__ = ["TRANSPORTS", "claim_lines", "wire_tables"]

from collections.abc import Iterator, Sequence
from textwrap import wrap

import msgspec

from queuemark.analysis.costs import MessageCost
from queuemark.analysis.wire import (
    WireLimit,
    packed_per_datagram,
    tcp_limit,
    tcp_stream_limit,
    udp_high_bytes,
    udp_limit,
)
from queuemark.model.link import Link
from queuemark.model.units import format_count
from queuemark.views.naming import Naming, policy_text
from queuemark.views.numbers import as_bytes, as_digits, as_exact, as_percent
from queuemark.views.table import Cell, Column, Table

TRANSPORTS = ("udp", "tcp")

_NS_PER_S = 10**9

_Way = tuple[str, WireLimit]
"""How messages are sent, and what the link allows of that."""

_CLAIMED_LINK_BITS_PER_S = 100_000_000
_CLAIMED_PACKETS_PER_S = 25_600
_CLAIMED_REQUESTS = 290
_CLAIMED_SIZE_BYTES = 16


def wire_tables(
    link: Link,
    size_bytes: int,
    *,
    per_packet: int | None = None,
    transport: str | None = None,
    costs: Sequence[MessageCost] = (),
    command: str,
) -> list[Table]:
    """per_packet: messages in a datagram or write; None: 1, and as many as fit. transport: None for both and for
    frames of any kind. costs: of a message of about this size on this machine. command: that shows them again.

    Raises: UsageError for what UDP cannot carry, when nothing but UDP is asked for.
    """
    ways: list[_Way] = []
    remarks = []
    if transport == "udp" or (transport is None and size_bytes * (per_packet or 1) <= udp_high_bytes(link)):
        ways += _udp(link, size_bytes, per_packet)
    elif transport is None:
        remarks.append(f"not over UDP: a datagram carries at most {udp_high_bytes(link):,} B")
    if transport != "udp":
        ways += _tcp(link, size_bytes, per_packet)
    if (link.bits_per_s, size_bytes) == (_CLAIMED_LINK_BITS_PER_S, _CLAIMED_SIZE_BYTES):
        remarks += claim_lines(link)
    if not costs:
        remarks.append(
            "how many cores it takes is not known: nothing was measured here; "
            f"measure with: queuemark run -t tcp,udp -s {size_bytes} --policy each,vector,buffer"
        )
    table = Table(
        title=f"What does a link of {format_count(link.bits_per_s)}b/s allow for messages of {size_bytes:,} B?",
        above=[
            f"Ethernet{', tagged' if link.vlan else ''}, IPv{link.ip}, mtu {link.mtu_bytes}; whole frames with "
            "preamble and gap, one direction, no loss; ns: left to one core for all that it must do"
        ],
        columns=list(_COLUMNS),
        rows=[*([] if transport else _frame_rows(link, size_bytes)), *(_limit_row(*way) for way in ways)],
        below=remarks,
    )
    tables = [table, *([_cores_table(ways, costs)] if costs else [])]
    return [*tables[:-1], msgspec.structs.replace(tables[-1], below=[*tables[-1].below, f"again: {command}"])]


def _cores_table(ways: Sequence[_Way], costs: Sequence[MessageCost]) -> Table:
    # How long and how often it was measured does not name a cost.
    naming = msgspec.structs.replace(Naming.of([cost.case for cost in costs]), usual={})
    return Table(
        title="How many cores of this machine would that keep busy?",
        above=[
            "cpu time of a message as it was measured here at the nearest size, both ends together, times the messages "
            "per s that the link allows; a mechanism that stays on one host stands for what handing them on would cost"
        ],
        columns=[
            Column(name="transport", head="transport", align="left", wrap=22),
            Column(name="policy", head="policy", show=lambda value: policy_text(str(value)), align="left"),
            Column(name="size_bytes", head="size", show=as_bytes),
            Column(name="cpu_ns_per_message", head="cpu ns/\nmessage", show=as_digits),
            *(
                Column(name=f"cores_{name.replace(', ', '_').replace(' ', '_')}", head=_headed(name), show=_cores)
                for name, _ in ways
            ),
            Column(name="session", head="session", align="left", rank=1),
        ],
        rows=[
            [
                naming.name(cost.case),
                cost.case.workload.policy,
                cost.case.workload.size_bytes,
                cost.cpu_ns,
                *(limit.messages_per_s * cost.cpu_ns / _NS_PER_S for _, limit in ways),
                cost.session_id[:8],
            ]
            for cost in costs
        ],
    )


def _headed(name: str) -> str:
    """``cores:``, ``udp,``, ``one a``, ``datagram``: lines short enough for four such columns."""
    first, comma, rest = name.partition(", ")
    return "\n".join(["cores:", f"{first}{comma}".rstrip(), *wrap(rest, 9)])


def _cores(value: str | int | float) -> str:
    """Two digits: a measured cost has no more."""
    return as_digits(float(f"{float(value):.2g}"))


def claim_lines(link: Link) -> list[str]:
    """What was once claimed of 100 Mb/s, and why it cannot be. link: the mtu to say it for."""
    size_bytes, packets = _CLAIMED_SIZE_BYTES, _CLAIMED_PACKETS_PER_S
    claimed_per_s = packets * _CLAIMED_REQUESTS
    needed_bits_per_s = claimed_per_s * size_bytes * 8
    link_bytes_per_s = _CLAIMED_LINK_BITS_PER_S / 8
    return [
        f"once claimed of 100 Mb/s: {packets:,} packets/s with {_CLAIMED_REQUESTS} requests of {size_bytes} B in each, "
        f"{claimed_per_s:,} requests/s",
        f"why it cannot be: these requests alone are {needed_bits_per_s / 1e6:.0f} Mb/s, "
        f"{needed_bits_per_s / _CLAIMED_LINK_BITS_PER_S:.1f} times the link; {link_bytes_per_s / 1e6} MB/s / "
        f"{size_bytes} B is {as_exact(link_bytes_per_s / size_bytes)} without any header, and even read as "
        f"{size_bytes} bits {as_exact(_CLAIMED_LINK_BITS_PER_S / size_bytes)}",
        f"where it goes wrong: {_CLAIMED_REQUESTS} x {size_bytes} B is {_CLAIMED_REQUESTS * size_bytes:,} B, and a "
        f"frame of this mtu carries {packed_per_datagram(link, size_bytes)} over UDP; it takes "
        f"{as_exact(link.frames_per_s(link.mtu_bytes))} full frames/s, not {packets:,}",
    ]


def _udp(link: Link, size_bytes: int, per_packet: int | None) -> Iterator[_Way]:
    if per_packet is not None:
        yield "udp", udp_limit(link, size_bytes, per_packet)
        return
    yield "udp, one a datagram", udp_limit(link, size_bytes, 1)
    packed = packed_per_datagram(link, size_bytes)
    if packed > 1:
        yield "udp, datagrams packed", udp_limit(link, size_bytes, packed)


def _tcp(link: Link, size_bytes: int, per_packet: int | None) -> Iterator[_Way]:
    if per_packet is not None:
        yield "tcp", tcp_limit(link, size_bytes, per_packet)
        return
    yield "tcp, each sent off", tcp_limit(link, size_bytes, 1)
    yield "tcp, segments full", tcp_stream_limit(link, size_bytes)


def _frame_rows(link: Link, size_bytes: int) -> list[list[Cell]]:
    """What no protocol can pass: the bits of the messages alone, and frames whatever is in them."""
    bare_per_s = float(link.bytes_per_s / size_bytes)
    return [
        ["messages alone", None, None, size_bytes, None, bare_per_s, None, _NS_PER_S / bare_per_s, 1.0],
        _frame_row("minimum frames", link, 0),
        _frame_row("full frames", link, link.mtu_bytes),
    ]


def _frame_row(name: str, link: Link, packet_bytes: int) -> list[Cell]:
    frames_per_s = link.frames_per_s(packet_bytes)
    wire_bytes = link.wire_bytes(packet_bytes)
    return [name, None, 1, wire_bytes, frames_per_s, None, _NS_PER_S / frames_per_s, None, None]


def _limit_row(name: str, limit: WireLimit) -> list[Cell]:
    return [
        name,
        float(limit.messages),
        limit.frames,
        limit.wire_bytes,
        limit.frames_per_s,
        limit.messages_per_s,
        limit.ns_per_frame,
        limit.ns_per_message,
        limit.payload_share,
    ]


def _rate(value: str | int | float) -> str:
    """Whole ones, cut and not rounded since they are limits; digits where there are few."""
    return as_exact(value) if float(value) >= 1000 else as_digits(value)


_COLUMNS = (
    Column(name="sent_as", head="sent as", align="left"),
    Column(name="messages_per_packet", head="messages/\npacket", show=as_digits),
    Column(name="frames_per_packet", head="frames/\npacket", show=as_exact, rank=3),
    Column(name="wire_bytes_per_packet", head="bytes on\nwire", show=as_exact, rank=2),
    Column(name="frames_per_s", head="frames\nper s", show=_rate),
    Column(name="messages_per_s", head="messages\nper s", show=_rate),
    Column(name="ns_per_frame", head="ns/\nframe", show=as_digits),
    Column(name="ns_per_message", head="ns/\nmessage", show=as_digits),
    Column(name="payload_share", head="payload", show=as_percent, rank=1),
)
