"""The command line of one trial (docs/reference/runner-contract.md), read and checked."""

from __future__ import annotations

__all__ = ["Options", "read_options"]

import math
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from queuemark.model.errors import UsageError
from queuemark.model.mix import Mix, MixPart, mix_fault
from queuemark.model.transport import Param, ParamValue, Transport
from queuemark.model.workload import (
    ACK_WINDOW_HIGH,
    ACKS,
    BUFFER_HIGH_BYTES,
    CONSUMERS_HIGH,
    FAULTS,
    IN_FLIGHT_HIGH,
    LINGER_HIGH_US,
    PATTERNS,
    PLACEMENTS,
    POLICIES,
    RATE_HIGH_PER_S,
    SEQUENCE_BYTES,
    VECTOR_HIGH,
    VECTOR_HIGH_BYTES,
    WAITS,
    ack_name,
    policy_name,
    policy_value,
)

_SIZE_HIGH_BYTES = 1 << 30
_ITEMS_HIGH = 1 << 47
_SECONDS_HIGH = 86_400
_RATE_LOW_PER_S = 0.001
_ENCRYPTED = "tls"
"""The scheme of addresses that ask for TLS, which no transport here speaks."""
_NUMBERS_PER_S = 20_000_000
"""More than any mechanism of Python moves: competing consumers mark what they saw in memory for so many."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """One trial. items: null for duration_s. sample: the content of one message in so many is compared."""

    transport: str
    run_id: str
    size_bytes: int
    mix: Mix
    consumers: int
    pattern: str
    dispatch: str
    policy: str
    linger_us: int
    ack: str
    wait: str
    placement: str
    items: int | None
    duration_s: float
    warmup_s: float
    rate_per_s: float | None
    stamp_every: int | None
    seed: int
    sample: int
    messages_path: str | None
    messages_format: str
    fault: str | None
    stall_s: float
    deadline_s: float
    parent_pid: int | None
    server: str | None = field(repr=False)
    params: dict[str, ParamValue]

    @property
    def competing(self) -> bool:
        """Whether several consumers take from one channel."""
        return self.dispatch == "compete" and self.consumers > 1

    @property
    def fans_out(self) -> bool:
        return self.pattern == "fanout"

    @property
    def vector_items(self) -> int:
        """Messages that one call takes at the most; 0 for other policies."""
        return policy_value(self.policy) if policy_name(self.policy) == "vector" else 0

    @property
    def buffer_bytes(self) -> int:
        """What one write has at the most, but for a message that is larger; 0 for other policies."""
        return policy_value(self.policy) if policy_name(self.policy) == "buffer" else 0

    @property
    def copies(self) -> int:
        """How many consumers each message is for."""
        return self.consumers if self.fans_out else 1

    @property
    def streams(self) -> int:
        """Numberings: one a consumer where messages are dealt, one for all where they compete or all get the same."""
        return 1 if self.dispatch == "compete" or self.fans_out else self.consumers

    @property
    def bare_values(self) -> bool:
        """Messages too small for a number, of which only values can be counted where consumers compete."""
        return self.messages_path is None and not self.mix and self.size_bytes < SEQUENCE_BYTES

    @property
    def backlog_items(self) -> int | None:
        """How many messages consumers may lack when the next ones are sent; None for what has bounds of its own."""
        found = self.params.get("backlog_items")
        return int(found) if found is not None and self.rate_per_s is None else None

    @property
    def stride_high(self) -> int:
        """Messages that a consumer may take before it tells so: of a backlog all of them hide at most half."""
        return _ITEMS_HIGH if self.backlog_items is None else self.backlog_items // (2 * self.consumers)

    @property
    def items_high(self) -> int:
        """The most messages that are sent where consumers compete."""
        return self.items or int(max(1.0, 2 * self.duration_s) * _NUMBERS_PER_S)

    def require_fitting_vector(self, largest_bytes: int) -> None:
        """Raises: UsageError when one call would have too much; how large own messages are shows only in their file."""
        if self.vector_items * largest_bytes > VECTOR_HIGH_BYTES:
            raise UsageError(
                f"--policy {self.policy} with messages of {largest_bytes} bytes has more than {VECTOR_HIGH_BYTES} "
                "bytes in a call; take a shorter vector or smaller messages"
            )

    def stream_of(self, consumer: int) -> int:
        return consumer if self.streams > 1 else 0


def read_options(words: Sequence[str], transports: dict[str, Transport]) -> Options:
    """What follows the word ``trial``.

    Raises: UsageError.
    """
    if not words:
        raise UsageError("trial needs the name of a transport; see the verb list")
    if words[0] not in transports:
        raise UsageError(f"unknown transport {words[0]!r}; known: {', '.join(transports)}")
    transport = transports[words[0]]
    said, params = _said(words[1:], transport)
    if "items" in said and "duration_s" in said:
        raise UsageError("--items and --duration exclude each other")
    if not transport.facts.crosses_hosts and said.keys() & set(_PLACES.values()):
        raise UsageError(f"{transport.name} stays on one host: {', '.join(_PLACES)} go with what crosses hosts")
    _settle_mix(said)
    _settle_dispatch(said, transport)
    options = Options(**{**_defaults(transport), **said, "params": params, "transport": transport.name})
    _check(options, transport)
    return options


def _said(words: Sequence[str], transport: Transport) -> tuple[dict[str, Any], dict[str, ParamValue]]:
    said: dict[str, Any] = {}
    params = transport.defaults()
    for place in range(0, len(words), 2):
        option = words[place]
        if option != "-P" and option not in _READERS:
            raise UsageError(f"unknown option {option!r}; see docs/reference/runner-contract.md")
        if place + 1 == len(words):
            raise UsageError(f"{option} needs a value")
        if option == "-P":
            name, value = _param(words[place + 1], transport)
            params[name] = value
        else:
            field, read = _READERS[option]
            said[field] = read(option, words[place + 1])
    said.pop("role", None)
    if said.pop("in_flight", 1) > 1:
        raise UsageError("--in-flight goes with --pattern pingpong")
    return said, params


def _defaults(transport: Transport) -> dict[str, Any]:
    return {
        "run_id": f"run-{os.getpid()}-{time.monotonic_ns()}",
        "size_bytes": 64,
        "mix": (),
        "consumers": 1,
        "pattern": "share",
        "policy": "each",
        "linger_us": 0,
        "ack": transport.facts.acks[0],
        "wait": "block",
        "placement": "spread",
        "items": None,
        "duration_s": 0.2,
        "warmup_s": 0.01,
        "rate_per_s": None,
        "stamp_every": None,
        "seed": 1,
        "sample": 1,
        "messages_path": None,
        "messages_format": "lines",
        "fault": None,
        "stall_s": 5.0,
        "deadline_s": 600.0,
        "parent_pid": None,
        "server": None,
    }


def _whole(low: int, high: int) -> Callable[[str, str], int]:
    def read(option: str, text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise UsageError(f"{option} takes a whole number from {low} to {high}, got {text!r}")
        return int(text)

    return read


def _decimal(low: float, high: float, what: str) -> Callable[[str, str], float]:
    def read(option: str, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            raise UsageError(f"{option} takes {what}, {low:g} to {high:g}, got {text!r}")
        return number

    return read


def _word(words: Sequence[str]) -> Callable[[str, str], str]:
    def read(option: str, text: str) -> str:
        if text not in words:
            raise UsageError(f"{option} takes one of {', '.join(words)}, got {text!r}")
        return text

    return read


def _text(option: str, text: str) -> str:
    return text


def _run_id(option: str, text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", text):
        raise UsageError(f"{option} takes at most 64 letters, digits and '-', got {text!r}")
    return text


def _policy(option: str, text: str) -> str:
    name, colon, value = text.partition(":")
    if name not in POLICIES or bool(colon) != (name in ("buffer", "vector")):
        raise UsageError(f"{option} takes each, split, buffer:BYTES or vector:N, got {text!r}")
    high = VECTOR_HIGH if name == "vector" else BUFFER_HIGH_BYTES
    return f"{name}:{_whole(1, high)(f'{option} {name}', value)}" if colon else name


def _ack(option: str, text: str) -> str:
    """``window:1`` is ``each``."""
    name, colon, value = text.partition(":")
    if name not in ACKS or bool(colon) != (name == "window"):
        raise UsageError(f"{option} takes none, fence, each or window:N, got {text!r}")
    if not colon:
        return name
    messages = _whole(1, ACK_WINDOW_HIGH)(f"{option} {name}", value)
    return f"{name}:{messages}" if messages > 1 else "each"


def _verify(option: str, text: str) -> int:
    name, colon, value = text.partition(":")
    if name == "full" and not colon:
        return 1
    if name != "sample" or not colon:
        raise UsageError(f"{option} takes full or sample:K, got {text!r}")
    return _whole(1, _ITEMS_HIGH)(f"{option} sample", value)


def _mix(option: str, text: str) -> Mix:
    """BYTES:PERCENT,..., the smallest size first however it was written."""
    parts = []
    for part in text.split(","):
        found = re.fullmatch(r"([0-9]{1,10}):([0-9]{1,2}(?:\.[0-9]{1,2})?)", part)
        if found is None:
            raise UsageError(f"{option} takes BYTES:PERCENT,BYTES:PERCENT,..., got {text!r}")
        parts.append(MixPart(size_bytes=int(found[1]), share_percent=float(found[2])))
    mix = tuple(sorted(parts, key=lambda part: part.size_bytes))
    fault = mix_fault(mix)
    if fault is not None:
        raise UsageError(f"{option} {text!r}: {fault}")
    return mix


def _param(text: str, transport: Transport) -> tuple[str, ParamValue]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"-P takes NAME=VALUE, got {text!r}")
    param = transport.param(name)
    return name, _choice(param, value) if param.unit == "choice" else _number(param, value)


def _choice(param: Param, text: str) -> str:
    return _word(param.choices or ())(f"parameter {param.name}", text)


def _number(param: Param, text: str) -> int:
    low, high = (0, 1) if param.unit == "flag" else (param.low or 0, param.high or _ITEMS_HIGH)
    return _whole(low, high)(f"parameter {param.name}", text)


_PLACES = {
    "--producer-address": "producer_address",
    "--consumer-address": "consumer_address",
    "--consumer-netns": "consumer_netns",
}

_READERS: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "--run-id": ("run_id", _run_id),
    "--size": ("size_bytes", _whole(1, _SIZE_HIGH_BYTES)),
    "--mix": ("mix", _mix),
    "--consumers": ("consumers", _whole(1, CONSUMERS_HIGH)),
    "--pattern": ("pattern", _word(PATTERNS)),
    "--in-flight": ("in_flight", _whole(1, IN_FLIGHT_HIGH)),
    "--dispatch": ("dispatch", _word(("deal", "compete"))),
    "--policy": ("policy", _policy),
    "--linger-us": ("linger_us", _whole(0, LINGER_HIGH_US)),
    "--ack": ("ack", _ack),
    "--wait": ("wait", _word(WAITS)),
    "--placement": ("placement", _word(PLACEMENTS)),
    "--items": ("items", _whole(1, _ITEMS_HIGH)),
    "--duration": ("duration_s", _decimal(1e-6, _SECONDS_HIGH, "seconds")),
    "--warmup": ("warmup_s", _decimal(0, _SECONDS_HIGH, "seconds")),
    "--rate": ("rate_per_s", _decimal(_RATE_LOW_PER_S, RATE_HIGH_PER_S, "messages a second")),
    "--stamp-every": ("stamp_every", _whole(1, _ITEMS_HIGH)),
    "--seed": ("seed", _whole(0, 2**63 - 1)),
    "--verify": ("sample", _verify),
    "--messages": ("messages_path", _text),
    "--messages-format": ("messages_format", _word(("lines", "u32"))),
    "--inject": ("fault", _word(FAULTS)),
    "--stall": ("stall_s", _decimal(0.05, _SECONDS_HIGH, "seconds")),
    "--deadline": ("deadline_s", _decimal(0.05, _SECONDS_HIGH, "seconds")),
    "--parent": ("parent_pid", _whole(1, 2**31 - 1)),
    "--server": ("server", _text),
    "--role": ("role", _word(("all",))),
    **{option: (field, _text) for option, field in _PLACES.items()},
}


def _settle_mix(said: dict[str, Any]) -> None:
    """A mix has its sizes from itself; the largest, when said too, is the same."""
    mix: Mix = said.get("mix", ())
    if not mix:
        return
    if said.get("messages_path") is not None:
        raise UsageError("--mix and --messages exclude each other")
    largest = mix[-1].size_bytes
    if said.setdefault("size_bytes", largest) != largest:
        raise UsageError(f"--size {said['size_bytes']} is not the largest size of --mix, {largest}")


def _settle_dispatch(said: dict[str, Any], transport: Transport) -> None:
    """A message for all consumers is dealt to each; what takes turns at one channel has no fan-out."""
    offered = transport.facts.dispatches
    fans_out = said.get("pattern") == "fanout"
    said.setdefault("dispatch", "deal" if fans_out and "deal" in offered else offered[0])
    if fans_out and said["dispatch"] != "deal" and "fanout" in transport.facts.patterns:
        raise UsageError("--pattern fanout goes with --dispatch deal: of one channel each message goes to one consumer")


def _check(options: Options, transport: Transport) -> None:
    """What the words mean together, and for this transport."""
    facts = transport.facts
    for what, value, offered in (
        ("pattern", options.pattern, facts.patterns),
        ("dispatch", options.dispatch, facts.dispatches),
        ("policy", policy_name(options.policy), facts.policies),
        ("ack", ack_name(options.ack), facts.acks),
        ("wait", options.wait, facts.waits),
    ):
        if value not in offered:
            raise UsageError(f"{transport.name} cannot do {what} {value}; it offers {', '.join(offered)}")
    if options.messages_path is None and options.size_bytes > facts.max_size_bytes:
        raise UsageError(
            f"--size {options.size_bytes} is above the largest message of {transport.name} here, "
            f"{facts.max_size_bytes} bytes"
        )
    _check_server(options, transport)
    if options.linger_us and not options.buffer_bytes:
        raise UsageError("--linger-us goes with --policy buffer:BYTES")
    if options.messages_path is None:
        options.require_fitting_vector(options.size_bytes)
    if options.fault == "reorder" and options.competing:
        raise UsageError(
            "--inject reorder: where several consumers compete nobody can see the order of two messages that different "
            "consumers took; use --consumers 1"
        )


def _check_server(options: Options, transport: Transport) -> None:
    """Raises: UsageError, which does not repeat the address: a login may be in it."""
    broker = transport.facts.broker
    if broker is None and options.server is not None:
        raise UsageError(f"{transport.name} needs no server; --server goes with transports whose facts name a broker")
    if broker is None:
        return
    scheme = (options.server or "").partition("://")[0]
    if scheme == _ENCRYPTED:
        raise UsageError(
            f"{transport.name} speaks no TLS, and the address asks for it; name a server that takes plain connections: "
            f"--server {broker}://HOST"
        )
    if scheme != broker:
        raise UsageError(f"{transport.name} needs the address of a server: --server {broker}://HOST")
