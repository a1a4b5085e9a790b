"""What is pushed through a transport: the part of a case that does not depend on the mechanism.

1. Pattern, dispatch, policy, ack, wait, placement and delay options are identity: two cases that
   differ in one of them are never compared as if they were the same.
2. A policy has one spelling: ``buffer:16k`` is stored as ``buffer:16384``, ``vector`` as ``vector:64``. So has an ack:
   ``window:1`` is stored as ``each``.
"""

from __future__ import annotations

__all__ = [
    "ACKS",
    "ACK_WINDOW_HIGH",
    "BUFFER_HIGH_BYTES",
    "CONSUMERS_HIGH",
    "DISPATCHES",
    "FAULTS",
    "IN_FLIGHT_HIGH",
    "LINGER_HIGH_US",
    "PATTERNS",
    "PLACEMENTS",
    "RATE_HIGH_PER_S",
    "SEQUENCE_BYTES",
    "VECTOR_HIGH",
    "VECTOR_HIGH_BYTES",
    "WAITS",
    "MessagesFormat",
    "MessagesSource",
    "Workload",
    "ack_name",
    "policy_name",
    "policy_value",
    "read_ack",
    "read_policy",
    "read_verify",
]

from typing import Annotated, Literal

import msgspec

from queuemark.model.errors import UsageError, nearest
from queuemark.model.link import Link
from queuemark.model.mix import Mix, mix_fault, mix_mean_bytes
from queuemark.model.units import Count, Positive, parse_bytes, parse_count

PATTERNS = ("share", "fanout", "pingpong")
DISPATCHES = ("deal", "compete")
ACKS = ("none", "fence", "each", "window")
WAITS = ("block", "spin", "spin-then-block")
PLACEMENTS = ("spread", "same", "free")
FAULTS = ("flip", "drop", "duplicate", "reorder", "kill-consumer", "stall-consumer")
POLICIES = ("each", "split", "buffer", "vector")

SEQUENCE_BYTES = 8
CONSUMERS_HIGH = 1024
IN_FLIGHT_HIGH = 65_536
BUFFER_DEFAULT_BYTES = 16 * 1024
BUFFER_HIGH_BYTES = 16 * 1024 * 1024
VECTOR_DEFAULT = 64
VECTOR_HIGH = 1024
"""The most elements that one vectored call takes (writev(2), UIO_MAXIOV)."""

VECTOR_HIGH_BYTES = 64 * 1024 * 1024
"""What the largest messages of one call may have together: each consumer's connection keeps so much ready."""

ACK_WINDOW_DEFAULT = 64
ACK_WINDOW_HIGH = 65_536
LINGER_HIGH_US = 1_000_000
RATE_HIGH_PER_S = 1e9
"""A message a nanosecond: the clock tells no more apart."""

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


class Workload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """How many messages of which size go to how many consumers, and in which manner.

    size_bytes: the message as the receiver gets it; the 8-byte sequence number is inside, framing
        outside. With ``messages`` or ``mix`` it is the largest message.
    mix: the sizes that messages have, and in which shares; empty: all have one size.
    policy: in its one spelling, also one that this version does not know.
    pattern: ``share``, each message goes to one consumer; ``fanout``, every consumer gets each message;
        ``pingpong``, a message is a request to one consumer, which replies to it.
    in_flight: of a pingpong, requests that are on their way at once, in sum; 1 for other patterns.
    consumers: 0: messages are published with nobody there to receive them.
    ack: what the producer waits for: ``none``; ``fence``, that all is accepted, at the end; ``each``, that a message is
        accepted, before the next call; ``window:N``, the same with up to N messages that wait for it.
    linger_us: a buffered message waits at most this long for others; 0: until the buffer is full.
    items, duration_s: messages to send, or seconds to send for; exactly one of them is set.
    link: the wire between producer and consumers; null: they are on one host, and nothing is between them.
    warmup_s: seconds of traffic before the window, verified and dropped.
    verify: ``full``, or ``sample:K`` (content of one message in K; sequence numbers always); ``none`` of what nobody
        proved.
    rate_per_s: messages that the producer offers a second, in sum; null: as many as are taken.
    stamp_every: of so many messages one has the time of its sending written down; null: as the runner chooses.
        Of a pingpong every round trip is timed.
    """

    size_bytes: Positive
    consumers: Count
    pattern: str = "share"
    dispatch: str
    policy: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]*(:[0-9]{1,12})?$(?!\n)")] = "each"
    linger_us: Count = 0
    ack: str = "fence"
    wait: str = "block"
    placement: str = "spread"
    items: Positive | None = None
    duration_s: Annotated[float, msgspec.Meta(gt=0)] | None = None
    warmup_s: Annotated[float, msgspec.Meta(ge=0)] = 0.01
    verify: str = "full"
    messages: MessagesSource | None = None
    mix: Mix = ()
    rate_per_s: Annotated[float, msgspec.Meta(gt=0, le=RATE_HIGH_PER_S)] | None = None
    stamp_every: Positive | None = None
    in_flight: Annotated[int, msgspec.Meta(ge=1, le=IN_FLIGHT_HIGH)] = 1
    link: Link | None = None

    def __post_init__(self) -> None:
        if (self.items is None) == (self.duration_s is None):
            raise ValueError("a workload has either items or duration_s, not both and not neither")
        if self.in_flight > 1 and self.pattern != "pingpong":
            raise ValueError(f"in_flight {self.in_flight} is of the pattern pingpong alone")
        if self.mix:
            self._check_mix()

    def _check_mix(self) -> None:
        fault = mix_fault(self.mix)
        if fault is not None:
            raise ValueError(fault)
        if self.size_bytes != self.mix[-1].size_bytes:
            raise ValueError(f"size_bytes {self.size_bytes} is not the largest of the mix")
        if self.messages is not None:
            raise ValueError("a workload has either own messages or a mix of sizes")

    @property
    def one_size(self) -> bool:
        """Whether a receiver can tell messages apart by counting bytes; of own messages only their file knows."""
        return not self.mix and self.messages is None

    @property
    def mean_bytes(self) -> float:
        """The message on average, its sequence number included."""
        if self.messages is not None:
            return SEQUENCE_BYTES + self.messages.total_bytes / self.messages.count
        return mix_mean_bytes(self.mix) if self.mix else self.size_bytes

    @property
    def copies(self) -> int:
        """How many consumers are to get each message."""
        return self.consumers if self.pattern == "fanout" else min(self.consumers, 1)


def policy_name(policy: str) -> str:
    """``buffer`` of ``buffer:16384``."""
    return policy.partition(":")[0]


def policy_value(policy: str) -> int:
    """The bytes of ``buffer:BYTES``, the messages of ``vector:N``; 0 for a policy without a value."""
    return int(policy.partition(":")[2] or 0)


def read_policy(text: str) -> str:
    """The one spelling of a policy: ``each``, ``split``, ``buffer:BYTES`` (``buffer`` is 16 KiB), ``vector:N``
    (``vector`` is 64 messages a call).

    Raises: UsageError with the nearest known policy.
    """
    name, colon, value = text.strip().partition(":")
    if name not in POLICIES:
        raise UsageError(f"unknown policy {text!r}; {nearest(name, POLICIES)}")
    if name in _VALUED:
        return f"{name}:{_VALUED[name](text, value if colon else None)}"
    if colon:
        raise UsageError(f"policy {name} takes no value, got {text!r}; write {name}")
    return name


def ack_name(ack: str) -> str:
    """``window`` of ``window:64``."""
    return ack.partition(":")[0]


def read_ack(text: str) -> str:
    """The one spelling of an ack: ``none``, ``fence``, ``each``, ``window:N`` (``window`` is 64 messages).

    Raises: UsageError with the nearest known ack.
    """
    name, colon, value = text.strip().partition(":")
    if name not in ACKS:
        raise UsageError(f"unknown ack {text!r}; {nearest(name, ACKS)}")
    if name != "window":
        if colon:
            raise UsageError(f"ack {name} takes no value, got {text!r}; write {name}")
        return name
    messages = parse_count(value, "ack window") if colon else ACK_WINDOW_DEFAULT
    if messages > ACK_WINDOW_HIGH:
        raise UsageError(f"ack {text!r}: at most {ACK_WINDOW_HIGH} messages wait to be confirmed; write window:64")
    return f"window:{messages}" if messages > 1 else "each"


def _buffer_bytes(text: str, value: str | None) -> int:
    size_bytes = BUFFER_DEFAULT_BYTES if value is None else parse_bytes(value, "policy buffer")
    if size_bytes > BUFFER_HIGH_BYTES:
        raise UsageError(f"policy {text!r}: a buffer holds at most {BUFFER_HIGH_BYTES} bytes; write buffer:64k")
    return size_bytes


def _vector_messages(text: str, value: str | None) -> int:
    if value is None:
        return VECTOR_DEFAULT
    if not (value.isascii() and value.isdigit()) or not 1 <= int(value) <= VECTOR_HIGH:
        raise UsageError(f"policy {text!r}: one call takes 1 to {VECTOR_HIGH} messages; write for example vector:64")
    return int(value)


_VALUED = {"buffer": _buffer_bytes, "vector": _vector_messages}


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
