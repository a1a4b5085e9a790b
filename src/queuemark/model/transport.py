"""What a runner says about each of its transports; ``queuemark list`` passes it on unchanged.

Command line help, validation, documentation and forms derive from these structs and from nothing else.
"""

from __future__ import annotations

__all__ = ["PAYLOAD", "PAYLOADS", "Cost", "Durability", "Facts", "Listing", "Param", "ParamValue", "Transport", "Way"]

from typing import Literal

import msgspec

from queuemark.model.errors import UsageError, nearest
from queuemark.model.units import Count, format_bytes, parse_bytes, parse_count

ParamValue = int | str
Durability = Literal["nothing", "server", "machine"]

PAYLOAD = "payload"
"""The parameter of a transport that takes objects, by this name in all of them."""

PAYLOADS = ("bytes", "dict", "numpy", "pickle:dict", "pickle:numpy")
"""What can go through it: a message's bytes, or an object that holds them, handed over as it is or pickled."""


class Way(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mechanism of the probe ``path`` that sends and receives, where these parameters have these values."""

    mechanism: str
    when: dict[str, ParamValue] = {}


class Cost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a message costs apart from its policy, in the words of the probes.

    ways: the first that fits counts; none: messages are written and read in place.
    gathers: one receive takes as many messages as there are.
    holds: the granted value that says how many messages, or bytes of them (``_bytes``), wait between two ends.
    frame_bytes: what stands around each message.
    """

    ways: list[Way] = []
    gathers: bool = False
    holds: str | None = None
    frame_bytes: int = 0

    def mechanism(self, params: dict[str, ParamValue]) -> str | None:
        """Of the probe ``path``, or None where messages go without the kernel."""
        fitting = (way for way in self.ways if all(params.get(name) == value for name, value in way.when.items()))
        return next((way.mechanism for way in fitting), None)


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for a transport whatever the workload.

    lossless: an accepted message arrives, or the trial has failed.
    ordered: a consumer sees messages in the order in which they were sent.
    redelivers: a message that is not acknowledged in time comes again, and says so: it is counted as duplicated, or as
        reordered where another consumer has gone further, and nothing is wrong with that.
    boundaries: one receive returns exactly one message; otherwise it is a byte stream.
    copies: times a payload byte is copied between the two user buffers.
    max_size_bytes: the largest message, here and now (limits of this machine included).
    whole_bytes: where several consumers read one stream, a call longer than this is torn
        apart (pipe(7), PIPE_BUF); null where that cannot happen.
    crosses_hosts: producer and consumers may run on different machines.
    consumers_low: 0 where messages may be published with nobody there to receive them.
    broker: the server that its trials need, as ``nats``; null: none.
    durability: what an accepted message outlives, the least first: ``nothing``; ``server``, its end by whatever signal;
        ``machine``, a loss of its power, too. Several where a parameter decides; empty: no server keeps messages.
    cost: what a message costs, for the limit of a case; null: it has no limit.
    """

    lossless: bool
    ordered: bool
    redelivers: bool = False
    boundaries: bool
    copies: int
    patterns: list[str]
    dispatches: list[str]
    policies: list[str]
    acks: list[str]
    waits: list[str]
    max_size_bytes: int
    whole_bytes: int | None = None
    crosses_hosts: bool = False
    consumers_low: Count = 1
    broker: str | None = None
    durability: list[Durability] = []
    cost: Cost | None = None


class Param(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One parameter of a transport: name, unit (``B``, ``items``, ``flag``, ``choice``), default, range, help.

    For ``choice`` the value is one of ``choices``; for ``flag`` it is 0 or 1; otherwise low <= value <= high.
    A default of 0 where low is 0 means "as the system has it" if the help says so.
    """

    name: str
    unit: Literal["B", "items", "flag", "choice"]
    default: ParamValue
    low: int | None = None
    high: int | None = None
    choices: list[str] | None = None
    help: str = ""

    def read(self, text: str) -> ParamValue:
        """The value that a person typed, checked against the range.

        Raises: UsageError naming the parameter and what it takes.
        """
        what = f"parameter {self.name}"
        if self.unit == "choice":
            choices = self.choices or []
            if text not in choices:
                raise UsageError(f"{what}: {text!r} is not one of {', '.join(choices)}; {nearest(text, choices)}")
            return text
        if self.unit == "flag":
            flags = {"0": 0, "1": 1, "off": 0, "on": 1, "false": 0, "true": 1, "no": 0, "yes": 1}
            if text.lower() not in flags:
                raise UsageError(f"{what}: {text!r} is neither 0 nor 1")
            return flags[text.lower()]
        read = parse_bytes if self.unit == "B" else parse_count
        value = 0 if text.strip() == "0" else read(text, what)
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            raise UsageError(f"{what}: {text!r} is outside {self.range_text()}")
        return value

    def range_text(self) -> str:
        """The range for a reader: ``0 to 1 GiB``."""
        if self.unit == "choice":
            return ", ".join(self.choices or [])
        if self.unit == "flag":
            return "0 or 1"
        show = format_bytes if self.unit == "B" else str
        return f"{show(self.low or 0)} to {show(self.high) if self.high is not None else 'any'}"


class Transport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mechanism as one runner offers it; unavailable ones are listed too, with reason and remedy."""

    name: str
    runtime: str
    summary: str
    available: bool
    reason: str | None = None
    remedy: str | None = None
    facts: Facts
    params: list[Param]

    def param(self, name: str) -> Param:
        """Raises: UsageError with the nearest known parameter."""
        for param in self.params:
            if param.name == name:
                return param
        raise UsageError(
            f"transport {self.name} has no parameter {name!r}; {nearest(name, [p.name for p in self.params])}"
        )

    @property
    def payloads(self) -> list[str]:
        """What a message may be: one that takes no objects takes bytes."""
        return next((param.choices or [] for param in self.params if param.name == PAYLOAD), ["bytes"])

    def defaults(self) -> dict[str, ParamValue]:
        return {param.name: param.default for param in self.params}


class Listing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``RUNNER list`` prints: one JSON object on one line."""

    contract: Literal[1]
    runtime: str
    version: str
    transports: list[Transport]
