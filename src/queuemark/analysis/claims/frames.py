"""What a wire allows, and what is left for each frame: claims 5 and 11."""

from __future__ import annotations

__all__ = ["LINKS", "SPECIAL_HARDWARE"]

from collections.abc import Sequence
from typing import Any

from queuemark.analysis.claims.claim import Asking, Claim, Judgement, Part, judgement
from queuemark.analysis.claims.evidence import Evidence, Interval, exactly, rate_of, spoken
from queuemark.analysis.linked import link_share
from queuemark.analysis.wire import tcp_stream_limit, udp_limit
from queuemark.model.link import Link
from queuemark.model.units import format_count, format_duration_s, format_rate

_REQUEST_BYTES = 16
_FULL_BYTES = 1472
"""What a datagram over IPv4 carries in a full frame of Ethernet."""

_REQUESTS_PER_S = 7_400_000
_GATHERED = _FULL_BYTES // _REQUEST_BYTES
"""Requests that are one message over the link: they fill its frame to the last byte."""

_OVER_LINK = "100M"
_LINKED = ("udp", "tcp")
_LINKED_ITEMS = "2k"

_PACKETS = ((1, 600_000), (10, 10_000_000), (10, 15_000_000))
"""Gb/s, packets a second."""

_BUDGETS_GBIT = (10, 25, 100, 400)


def _link(gbit: float) -> Link:
    return Link(bits_per_s=round(gbit * 1e9))


_MEANT: dict[str, Any] = {"size_bytes": _FULL_BYTES, "link": _link(0.1), "items": ...}


def _links(hurried: bool) -> Sequence[Asking]:
    return (Asking(transports=",".join(_LINKED), sizes=str(_FULL_BYTES), links=_OVER_LINK, items=_LINKED_ITEMS),)


def _judge_links(evidence: Evidence) -> Judgement:
    requests = tcp_stream_limit(_link(0.1), _REQUEST_BYTES).messages_per_s
    parts = [
        _allowed("100 Mb/s, 7.4 million requests/s of 16 B", requests, _REQUESTS_PER_S, "in full segments of TCP"),
        *(
            _allowed(
                f"{gbit} Gb/s, {format_count(packets)} packets/s",
                udp_limit(_link(gbit), _REQUEST_BYTES, 1).frames_per_s,
                packets,
                "in the smallest frames",
            )
            for gbit, packets in _PACKETS
        ),
        *(part for name in _LINKED for part in _came_through(evidence, name)),
    ]
    remarks = [
        "100 Mb/s are 12.5 MB/s: 781,250 requests of 16 bytes without any header, or 6.25 million of 16 bits",
        "at most: computed, with preamble, gap and all headers; queuemark limits --link 100M --size 16 shows how",
        *_not_measured(evidence),
    ]
    return judgement(parts, remarks, depends_on="which of its numbers is meant")


def _allowed(label: str, limit_per_s: float, claimed_per_s: float, how: str) -> Part:
    """Exact: what is computed has no interval."""
    figure = f"{format_rate(limit_per_s)} at most"
    told = f"{limit_per_s:,.0f}/s at most {how}, against {claimed_per_s:,}/s"
    return Part(label=label, ratio=exactly(limit_per_s / claimed_per_s), agrees="above", figure=figure, told=told)


def _came_through(evidence: Evidence, name: str) -> list[Part]:
    """Requests that came through the link, gathered as they were claimed to be."""
    result = evidence.find(name, **_MEANT)
    share = link_share(result) if result is not None else None
    if result is None or share is None:
        return []
    rate = rate_of(result).times(_GATHERED)
    told = f"{spoken(rate, format_rate)}, {_GATHERED} in a message of {_FULL_BYTES} B, against {_REQUESTS_PER_S:,}/s; "
    return [
        Part(
            label=f"100 Mb/s between two namespaces, {name}",
            ratio=rate.over(exactly(_REQUESTS_PER_S)),
            agrees="above",
            figure=f"{format_rate(rate.value)} of 16 B came through",
            told=f"{told}{100 * share:.1f} % of what the link allows",
        )
    ]


def _not_measured(evidence: Evidence) -> list[str]:
    whys: dict[str, list[str]] = {}
    for name in _LINKED:
        if evidence.find(name, **_MEANT) is None:
            why = evidence.unavailable(name, **_MEANT) or "there is no trial of it"
            whys.setdefault(why, []).append(name)
    return [f"between namespaces nothing was measured of {' and '.join(names)}: {why}" for why, names in whys.items()]


LINKS = Claim(
    number=5,
    text="100 Mb/s allows 7.4 million requests a second, 1 Gb/s 600,000 packets, 10 Gb/s 10 to 15 million",
    voice="25,600 packets a second, 290 requests of 16 bytes in each; and fast cards do 10 to 15 million packets.",
    rule="what the wire allows a second by what was claimed, every bit of a frame counted; and what passed a link",
    askings=_links,
    judge=_judge_links,
)


_PER_PACKET = (("each", "a call each"), ("vector:64", "64 a call"))


def _special_hardware(hurried: bool) -> Sequence[Asking]:
    return (Asking(transports="udp", sizes=f"{_REQUEST_BYTES},{_FULL_BYTES}", policies="each,vector:64"),)


def _judge_special_hardware(evidence: Evidence) -> Judgement:
    parts = []
    for size_bytes, frame in ((_REQUEST_BYTES, "smallest"), (_FULL_BYTES, "full")):
        best = _cheapest_ns(evidence, size_bytes)
        if best is None:
            continue
        took_ns, how = best
        for gbit in _BUDGETS_GBIT:
            budget_ns = udp_limit(_link(gbit), size_bytes, 1).ns_per_frame
            parts.append(_beside_budget(gbit, frame, took_ns, budget_ns, how))
    ring = evidence.rate("shm-ring", "vector:64")
    remarks = ["over loopback: the driver and the card of a network would come on top"] * bool(parts)
    if ring is not None:
        remarks.append(f"for comparison, a ring in shared memory takes {_ns(1e9 / ring.value)} a message of 16 B")
    return judgement(parts, remarks)


def _cheapest_ns(evidence: Evidence, size_bytes: int) -> tuple[Interval, str] | None:
    """The least time between two datagrams that were delivered, and how they were sent."""
    rates = [(evidence.rate("udp", policy, size_bytes=size_bytes), how) for policy, how in _PER_PACKET]
    held = [(exactly(1e9).over(rate), how) for rate, how in rates if rate is not None]
    return min(held, key=lambda each: each[0].value) if held else None


def _beside_budget(gbit: int, frame: str, took_ns: Interval, budget_ns: float, how: str) -> Part:
    return Part(
        label=f"{gbit} Gb/s, {frame} frames: {_ns(budget_ns)} each",
        ratio=took_ns.over(exactly(budget_ns)),
        agrees="above",
        figure=_ns(took_ns.value),
        told=f"{spoken(took_ns, _ns)} for a datagram of UDP ({how}), against {_ns(budget_ns)} for a frame",
        under={"the link": f"{gbit} Gb/s", "the size of frames": frame},
    )


def _ns(value: float) -> str:
    return format_duration_s(value / 1e9)


SPECIAL_HARDWARE = Claim(
    number=11,
    text="Only special hardware is really fast",
    voice="Whoever needs millions of packets a second buys cards that pass the kernel by.",
    rule="the time that the kernel takes for a datagram by the time that a full link leaves to a frame of its size",
    askings=_special_hardware,
    judge=_judge_special_hardware,
)
