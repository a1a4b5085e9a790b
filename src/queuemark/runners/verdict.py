"""Is a result that a runner calls ``ok`` consistent with itself, with what was asked, and with the clock?

The sums are made again, by the rule of model.trial that stored trials are judged by, too: a runner is believed only
as far as its counts agree with each other (M1).
Each check is one function from a claim to the first contradiction in words, or None.
"""

from __future__ import annotations

__all__ = ["Claim", "contradiction"]

from collections.abc import Callable, Sequence

import msgspec

from queuemark.model import trial
from queuemark.model.events import Result
from queuemark.model.mix import mix_bytes
from queuemark.model.transport import Facts
from queuemark.model.trial import ConsumerCounts
from queuemark.model.workload import SEQUENCE_BYTES, Workload
from queuemark.runners.contract import TrialRequest

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


def _counts(claim: Claim) -> str | None:
    return trial.contradiction(claim.result, claim.request.case.workload)


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
    low, high = _message_bytes(load, result.consumers)
    # What was lost or repeated where sizes differ had sizes that nobody knows.
    told = load.one_size or not (result.lost or result.duplicated)
    if told and not low <= result.message_bytes <= high:
        expected = f"{low}" if low == high else f"between {low} and {high}"
        return f"{arrived} messages are {result.message_bytes} bytes and should be {expected}"
    if result.bytes_on_wire < result.message_bytes and result.lost == 0:
        return f"{result.bytes_on_wire} bytes on the wire cannot hold {result.message_bytes} bytes of messages"
    return None


def _message_bytes(load: Workload, consumers: Sequence[ConsumerCounts]) -> tuple[int, int]:
    """The bytes that all that arrived has, at least and at most.

    In a fan-out each consumer gets the same messages; of a mix each gets a stream of its own where they are dealt.
    """
    arrived = [consumer.delivered + consumer.duplicated for consumer in consumers]
    apart = load.pattern == "fanout" or (load.mix and load.dispatch == "deal")
    bounds = [_bytes_of(load, count) for count in (arrived if apart else [sum(arrived)])]
    return sum(low for low, _ in bounds), sum(high for _, high in bounds)


def _bytes_of(load: Workload, count: int) -> tuple[int, int]:
    """The bytes that so many messages have, at least and at most; own messages are looped from any of them on."""
    own = load.messages
    if load.mix:
        return mix_bytes(load.mix, count)
    if own is None:
        return count * load.size_bytes, count * load.size_bytes
    loops, rest = divmod(count, own.count)
    whole = loops * own.total_bytes + count * SEQUENCE_BYTES
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
    names = ("lost", "duplicated", *(("reordered",) if facts.ordered else ()))
    found = [f"{getattr(result, name)} {name}" for name in names if getattr(result, name)]
    return f"a lossless transport calls this ok: {', '.join(found)}" if facts.lossless and found else None


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
    _counts,
    _lossless,
    _fault,
    _asked,
    _size,
    _clock,
)
