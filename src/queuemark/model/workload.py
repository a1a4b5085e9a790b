"""What is pushed through a transport: the part of a case that does not depend on the mechanism.

1. Pattern, dispatch, policy, ack, wait, placement and delay options are identity: two cases that
   differ in one of them are never compared as if they were the same.
2. A policy has one spelling: ``buffer:16k`` is stored as ``buffer:16384``.
"""

from __future__ import annotations

__all__ = [
    "ACKS",
    "BUFFER_HIGH_BYTES",
    "CONSUMERS_HIGH",
    "DISPATCHES",
    "FAULTS",
    "LINGER_HIGH_US",
    "PATTERNS",
    "PLACEMENTS",
    "SEQUENCE_BYTES",
    "WAITS",
    "MessagesFormat",
    "MessagesSource",
    "Workload",
    "policy_name",
    "read_policy",
    "read_verify",
]

from typing import Annotated, Literal

import msgspec

from queuemark.model.errors import UsageError, nearest
from queuemark.model.units import Count, Positive, parse_bytes, parse_count

PATTERNS = ("share",)
DISPATCHES = ("deal", "compete")
ACKS = ("fence",)
WAITS = ("block", "spin")
PLACEMENTS = ("spread", "same", "free")
FAULTS = ("flip", "drop", "duplicate", "reorder", "kill-consumer", "stall-consumer")
POLICIES = ("each", "split", "buffer")

SEQUENCE_BYTES = 8
CONSUMERS_HIGH = 1024
BUFFER_DEFAULT_BYTES = 16 * 1024
BUFFER_HIGH_BYTES = 16 * 1024 * 1024
LINGER_HIGH_US = 1_000_000

MessagesFormat = Literal["lines", "u32"]


class MessagesSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person's own messages: what identifies them, never where they lie.

    count: messages in the file. total_bytes: their sum, without sequence numbers.
    largest_bytes: the largest one, its sequence number included.
    """

    name: str
    format: MessagesFormat
    sha256: str
    count: Positive
    total_bytes: Count
    largest_bytes: Positive

    @property
    def one_size(self) -> bool:
        """Whether every message has the same size."""
        return self.total_bytes == self.count * (self.largest_bytes - SEQUENCE_BYTES)


class Workload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many messages of which size go to how many consumers, and in which manner.

    size_bytes: the message as the receiver gets it; the 8-byte sequence number is inside, framing
        outside. With ``messages`` it is the largest message, and each keeps its own size.
    linger_us: a buffered message waits at most this long for others; 0: until the buffer is full.
    items, duration_s: messages to send, or seconds to send for; exactly one of them is set.
    warmup_s: seconds of traffic before the window, verified and dropped.
    verify: ``full``, or ``sample:K`` (content of one message in K; sequence numbers always).
    """

    size_bytes: Positive
    consumers: Positive
    pattern: str = "share"
    dispatch: str
    policy: str = "each"
    linger_us: Count = 0
    ack: str = "fence"
    wait: str = "block"
    placement: str = "spread"
    items: Positive | None = None
    duration_s: Annotated[float, msgspec.Meta(gt=0)] | None = None
    warmup_s: Annotated[float, msgspec.Meta(ge=0)] = 0.01
    verify: str = "full"
    messages: MessagesSource | None = None

    def __post_init__(self) -> None:
        if (self.items is None) == (self.duration_s is None):
            raise ValueError("a workload has either items or duration_s, not both and not neither")


def policy_name(policy: str) -> str:
    """``buffer`` of ``buffer:16384``."""
    return policy.partition(":")[0]


def read_policy(text: str) -> str:
    """The one spelling of a policy: ``each``, ``split``, ``buffer:BYTES`` (``buffer`` is 16 KiB).

    Raises: UsageError with the nearest known policy.
    """
    name, colon, value = text.strip().partition(":")
    if name not in POLICIES:
        raise UsageError(f"unknown policy {text!r}; {nearest(name, POLICIES)}")
    if name != "buffer":
        if colon:
            raise UsageError(f"policy {name} takes no value, got {text!r}; write {name}")
        return name
    size_bytes = parse_bytes(value, "policy buffer") if colon else BUFFER_DEFAULT_BYTES
    if size_bytes > BUFFER_HIGH_BYTES:
        raise UsageError(f"policy {text!r}: a buffer holds at most {BUFFER_HIGH_BYTES} bytes; write buffer:64k")
    return f"buffer:{size_bytes}"


def read_verify(text: str) -> str:
    """``full`` or ``sample:K`` with K >= 1.

    Raises: UsageError.
    """
    name, colon, value = text.strip().partition(":")
    if name == "full" and not colon:
        return "full"
    if name == "sample" and colon:
        return f"sample:{parse_count(value, 'verify sample')}"
    raise UsageError(f"verify {text!r} is neither full nor sample:K; write full or sample:100")
