"""Is a result that a runner calls ``ok`` consistent with itself, with what was asked, and with the clock?

The sums are made here again: a runner is believed only as far as its counts agree with each other (M1).
Each check is one function from a claim to the first contradiction in words, or None.
"""

from __future__ import annotations

__all__ = ["Claim", "contradiction"]

from collections.abc import Callable

import msgspec

from queuemark.model.events import Result
from queuemark.model.transport import Facts
from queuemark.model.workload import SEQUENCE_BYTES, Workload
from queuemark.runners.contract import TrialRequest

_SUMMED = ("delivered", "duplicated", "reordered", "corrupted", "checked")

_DURATION_SHARE_LOW = 0.9
"""A window may end this much before the duration asked for; clocks and timers are not exact."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A result of state ``ok``, what was asked for, and the caller's own clock."""

    result: Result
    request: TrialRequest
    facts: Facts
    wall_ns: int


def contradiction(claim: Claim) -> str | None:
    """The first reason not to believe an ``ok`` result, or None."""
    for check in _CHECKS:
        found = check(claim)
        if found is not None:
            return found
    return None


def _roles(claim: Claim) -> str | None:
    asked = claim.request.case.workload.consumers
    indexes = [consumer.index for consumer in claim.result.consumers]
    if indexes != list(range(asked)):
        return f"{asked} consumers were asked for, the result names {indexes[:8]}"
    if claim.result.producer is None:
        return "the result says nothing of its producer"
    return None


def _sums(claim: Claim) -> str | None:
    result = claim.result
    for name in _SUMMED:
        total, parts = getattr(result, name), sum(getattr(consumer, name) for consumer in result.consumers)
        if total != parts:
            return f"{name} is {total}, its consumers' sum is {parts}"
    if result.producer is not None and result.producer.sent != result.sent:
        return f"sent is {result.sent}, its producer says {result.producer.sent}"
    return None


def _conservation(claim: Claim) -> str | None:
    result = claim.result
    if result.sent != result.delivered + result.lost:
        return f"sent {result.sent} is not delivered {result.delivered} + lost {result.lost}"
    if claim.request.case.workload.dispatch != "deal":
        return None
    for consumer in result.consumers:
        if consumer.dealt != consumer.delivered + consumer.lost:
            return (
                f"consumer {consumer.index} was dealt {consumer.dealt}, "
                f"not delivered {consumer.delivered} + lost {consumer.lost}"
            )
    return None


def _asked(claim: Claim) -> str | None:
    result, load = claim.result, claim.request.case.workload
    if load.items is not None and result.sent != load.items:
        return f"{load.items} items were asked for, {result.sent} were sent"
    if result.sent == 0:
        return "nothing was sent"
    if result.seed not in (0, claim.request.seed):
        return f"the seed was {claim.request.seed}, the result is of seed {result.seed}"
    arrived = result.delivered + result.duplicated
    if load.verify == "full" and result.checked != arrived:
        return f"every message was to be checked: {arrived} arrived, checked {result.checked}"
    if result.checked > arrived:
        return f"checked {result.checked} is more than delivered {result.delivered}"
    return None


def _size(claim: Claim) -> str | None:
    result, load = claim.result, claim.request.case.workload
    arrived = result.delivered + result.duplicated
    low, high = _message_bytes(load, arrived)
    # What was lost of one's own messages had sizes that nobody knows.
    if not low <= result.message_bytes <= high and (load.messages is None or result.lost == 0):
        expected = f"{low}" if low == high else f"between {low} and {high}"
        return f"{arrived} messages are {result.message_bytes} bytes and should be {expected}"
    if result.bytes_on_wire < result.message_bytes and result.lost == 0:
        return f"{result.bytes_on_wire} bytes on the wire cannot hold {result.message_bytes} bytes of messages"
    return None


def _message_bytes(load: Workload, delivered: int) -> tuple[int, int]:
    """The bytes that so many messages have, at least and at most; own messages are looped from any of them on."""
    own = load.messages
    if own is None:
        return delivered * load.size_bytes, delivered * load.size_bytes
    loops, rest = divmod(delivered, own.count)
    whole = loops * own.total_bytes + delivered * SEQUENCE_BYTES
    return whole, whole + rest * (own.largest_bytes - SEQUENCE_BYTES)


def _clock(claim: Claim) -> str | None:
    result, load = claim.result, claim.request.case.workload
    if not 0 < result.window_ns <= claim.wall_ns:
        return f"a window of {result.window_ns} ns does not fit into the trial's {claim.wall_ns} ns"
    latest = max(consumer.window_ns for consumer in result.consumers)
    if latest > result.window_ns:
        return f"a consumer's window of {latest} ns is longer than the trial's of {result.window_ns} ns"
    if load.duration_s is not None and result.window_ns < load.duration_s * 1e9 * _DURATION_SHARE_LOW:
        return f"{load.duration_s} s were asked for, the window is {result.window_ns} ns"
    return None


def _lossless(claim: Claim) -> str | None:
    result, facts = claim.result, claim.facts
    names: tuple[str, ...] = ("corrupted",) if not facts.lossless else ("lost", "duplicated", "corrupted")
    if facts.lossless and facts.ordered:
        names += ("reordered",)
    found = [f"{getattr(result, name)} {name}" for name in names if getattr(result, name)]
    if found:
        return f"{'a lossless transport' if facts.lossless else 'a transport'} calls this ok: {', '.join(found)}"
    return None


def _fault(claim: Claim) -> str | None:
    asked, injected = claim.request.inject, claim.result.injected
    if injected is None:
        return f"the fault {asked} was asked for and not made" if asked else None
    if injected.fault != asked:
        return f"the fault {injected.fault} was made, asked was {asked or 'none'}"
    if claim.facts.lossless:
        return f"the fault {asked} was made and nothing was noticed"
    return None


_CHECKS: tuple[Callable[[Claim], str | None], ...] = (
    _roles,
    _sums,
    _conservation,
    _lossless,
    _fault,
    _asked,
    _size,
    _clock,
)
