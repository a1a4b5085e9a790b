"""Do the counts of a trial agree with what was asked of it?

model.trial knows when counts prove a delivery; here is what else holds of every trial that ended well, whoever reads
it: a caller that has just run it, or a record that it is sent to. Each check is one function, to the first
disagreement in words, or None.
"""

from __future__ import annotations

__all__ = ["broken_promise", "disagreement", "missing_role"]

from collections.abc import Callable, Sequence

from queuemark.model.mix import mix_bytes
from queuemark.model.transport import Facts
from queuemark.model.trial import ConsumerCounts, TrialCounts
from queuemark.model.workload import SEQUENCE_BYTES, Workload

_DURATION_SHARE_LOW = 0.9
"""A window may end this much before the duration asked for; clocks and timers are not exact."""


def disagreement(counted: TrialCounts, load: Workload) -> str | None:
    """What an ``ok`` trial that was counted says against the workload, or against itself."""
    for check in _CHECKS:
        found = check(counted, load)
        if found is not None:
            return found
    return None


def broken_promise(counted: TrialCounts, facts: Facts) -> str | None:
    """What an ``ok`` trial of a lossless transport cannot have counted."""
    once = () if facts.redelivers else ("duplicated", *(("reordered",) if facts.ordered else ()))
    names = ("lost", *once)
    found = [f"{getattr(counted, name)} {name}" for name in names if getattr(counted, name)]
    return f"a lossless transport calls this ok: {', '.join(found)}" if facts.lossless and found else None


def missing_role(counted: TrialCounts, load: Workload) -> str | None:
    """Without all of its consumers and its producer nothing else can be said of a trial."""
    indexes = [consumer.index for consumer in counted.consumers]
    # The number asked for may be anything, so that nothing is made of its length.
    if len(indexes) != load.consumers or indexes != list(range(len(indexes))):
        return f"{load.consumers} consumers were asked for, the result names {indexes[:8]}"
    return "the result says nothing of its producer" if counted.producer is None else None


def _amount(counted: TrialCounts, load: Workload) -> str | None:
    if load.items is not None and counted.sent != load.items:
        return f"{load.items} items were asked for, {counted.sent} were sent"
    return "nothing was sent" if counted.sent == 0 else None


def _checked(counted: TrialCounts, load: Workload) -> str | None:
    arrived = counted.delivered + counted.duplicated
    if load.verify == "full" and counted.checked != arrived:
        return f"every message was to be checked: {arrived} arrived, checked {counted.checked}"
    if counted.checked > arrived:
        return f"checked {counted.checked} is more than delivered {counted.delivered}"
    return None


def _size(counted: TrialCounts, load: Workload) -> str | None:
    arrived = counted.delivered + counted.duplicated
    # Where all have one size the sum says it; it is asked of every trial that comes into a record.
    low, high = (arrived * load.size_bytes,) * 2 if load.one_size else _message_bytes(load, counted.consumers)
    # What was lost or repeated where sizes differ had sizes that nobody knows.
    told = load.one_size or not (counted.lost or counted.duplicated)
    if told and not low <= counted.message_bytes <= high:
        expected = f"{low}" if low == high else f"between {low} and {high}"
        return f"{arrived} messages are {counted.message_bytes} bytes and should be {expected}"
    # A broker may have been given once what it handed out several times.
    several = load.copies > 1 or counted.duplicated
    received = sum(consumer.bytes_received for consumer in counted.consumers) if several else 0
    if max(counted.bytes_on_wire, received) < counted.message_bytes and counted.lost == 0:
        return f"{counted.bytes_on_wire} bytes on the wire cannot hold {counted.message_bytes} bytes of messages"
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


def _windows(counted: TrialCounts, load: Workload) -> str | None:
    latest = max((consumer.window_ns for consumer in counted.consumers), default=0)
    if latest > counted.window_ns:
        return f"a consumer's window of {latest} ns is longer than the trial's of {counted.window_ns} ns"
    if load.duration_s is not None and counted.window_ns < load.duration_s * 1e9 * _DURATION_SHARE_LOW:
        return f"{load.duration_s} s were asked for, the window is {counted.window_ns} ns"
    return None


_CHECKS: tuple[Callable[[TrialCounts, Workload], str | None], ...] = (
    missing_role,
    _amount,
    _checked,
    _size,
    _windows,
)
