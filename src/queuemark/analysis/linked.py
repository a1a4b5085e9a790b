"""How near a case over a link comes to what the link allows: whole frames, counted for what the case sent (M25).

1. A message counts with its framing as it was sent, taken from the trials' own bytes.
2. A datagram is a packet of its own; a stream may fill every segment, whatever its calls were, so that is its limit.
3. A request waits for its reply, so there it is not the link's rate that is reached; no limit is said.
4. Only where it is known how a transport packs its messages there is a limit; else none, and no share.
"""

from __future__ import annotations

__all__ = ["SHARE_HIGH", "allowed_per_s", "link_share"]

from collections.abc import Callable
from fractions import Fraction
from statistics import median

from queuemark.analysis.wire import tcp_room_bytes, udp_limit
from queuemark.model.link import Link
from queuemark.model.session import CaseResult
from queuemark.model.workload import Workload

SHARE_HIGH = 1.01
"""More than that is no success but an error of the model or of the measurement (M23). What is above 1: the little that
a shaper lets through at once after a pause."""


def allowed_per_s(result: CaseResult) -> float | None:
    """Messages a second that the case's link can deliver, to all consumers in sum; None without a link."""
    link = result.case.workload.link
    how = _PACKED.get(result.case.transport)
    if link is None or how is None or result.case.workload.pattern == "pingpong":
        return None
    wire_bytes = how(link, result)
    return None if wire_bytes is None else float(link.bytes_per_s / wire_bytes)


def link_share(result: CaseResult) -> float | None:
    """Of what the link allows, what was delivered: the median of the trials; result: with its estimate."""
    allowed = allowed_per_s(result)
    if allowed is None or result.rate_per_s is None:
        return None
    return result.rate_per_s.median / allowed


def _datagrams(link: Link, result: CaseResult) -> Fraction | None:
    """Bytes on the wire a message; of a person's own messages nobody knows how long each is."""
    load = result.case.workload
    if load.messages is not None:
        return None
    parts = [(part.size_bytes, part.share_percent) for part in load.mix] or [(load.size_bytes, 100)]
    return sum(
        (Fraction(str(share)) / 100 * udp_limit(link, size_bytes, 1).wire_bytes for size_bytes, share in parts),
        Fraction(0),
    )


def _segments(link: Link, result: CaseResult) -> Fraction | None:
    framed = [_framed_bytes(trial.bytes_on_wire, trial.sent, result.case.workload) for trial in result.trials]
    known = [size_bytes for size_bytes in framed if size_bytes is not None]
    return median(known) * link.wire_bytes(link.mtu_bytes) / tcp_room_bytes(link) if known else None


def _framed_bytes(bytes_on_wire: int, sent: int, load: Workload) -> Fraction | None:
    return Fraction(bytes_on_wire, sent * load.copies) if sent else None


_PACKED: dict[str, Callable[[Link, CaseResult], Fraction | None]] = {"udp": _datagrams, "tcp": _segments}
