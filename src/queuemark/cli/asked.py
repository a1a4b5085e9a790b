"""A sweep as it was asked for, in words; read here into the axes of model.plan.Sweep, one by one.

Presets, plan files and options all say the same words, so there is one reader and one set of complaints.
"""

from __future__ import annotations

__all__ = [
    "DURATION_DEFAULT",
    "OWN_SIZES",
    "REPEATS_DEFAULT",
    "REPEATS_UNTIL",
    "SEED_HIGH",
    "Asked",
    "check_axis",
    "check_params",
    "known_name",
    "merged",
    "read_inject",
    "read_messages_format",
    "read_repeats",
    "read_seed",
    "read_sweep",
    "read_transports",
    "read_until",
]

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from queuemark.model.errors import UsageError, nearest
from queuemark.model.link import Link, parse_link
from queuemark.model.mix import parse_sizes
from queuemark.model.plan import Sweep
from queuemark.model.transport import PAYLOAD, PAYLOADS, Transport
from queuemark.model.units import parse_count, parse_count_list, parse_duration_s, parse_percent
from queuemark.model.workload import (
    CONSUMERS_HIGH,
    DISPATCHES,
    FAULTS,
    IN_FLIGHT_HIGH,
    LINGER_HIGH_US,
    PATTERNS,
    PLACEMENTS,
    RATE_HIGH_PER_S,
    WAITS,
    MessagesFormat,
    MessagesSource,
    read_ack,
    read_policy,
    read_verify,
)

T = TypeVar("T")

REPEATS_DEFAULT = 5
REPEATS_UNTIL = 30
"""The most that a case gets while its interval is too wide, unless something else is said."""

REPEATS_HIGH = 10_000
DURATION_DEFAULT = "1s"
DURATION_HIGH_S = 24 * 3600.0
SEED_HIGH = 2**63 - 1
OWN_SIZES = "own messages have their own sizes; leave the sizes out"


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sweep; every axis is a comma list as a person writes it, null where nothing was said.

    params: comma lists by the name of the parameter. items, duration: at most one of them.
    """

    transports: str | None = None
    sizes: str | None = None
    consumers: str | None = None
    patterns: str | None = None
    dispatches: str | None = None
    policies: str | None = None
    linger_us: str | None = None
    acks: str | None = None
    waits: str | None = None
    placements: str | None = None
    rates: str | None = None
    in_flights: str | None = None
    links: str | None = None
    payloads: str | None = None
    items: str | None = None
    duration: str | None = None
    warmup: str | None = None
    verify: str | None = None
    stamp_every: str | None = None
    params: dict[str, str] = {}


def merged(base: Asked, over: Asked) -> Asked:
    """What ``over`` says replaces what ``base`` says, axis by axis; a count replaces a duration and the reverse."""
    said = {name: getattr(over, name) for name in Asked.__struct_fields__ if name != "params"}
    changes = {name: value for name, value in said.items() if value is not None}
    if over.items is not None or over.duration is not None:
        changes = {"items": None, "duration": None, **changes}
    return msgspec.structs.replace(base, **changes, params={**base.params, **over.params})


def read_sweep(asked: Asked, known: dict[str, Transport], messages: MessagesSource | None = None) -> Sweep:
    """The axes, each checked; what is not said takes the documented default.

    Raises: UsageError with what was written, why it cannot be read, and what to write.
    """
    if asked.items is not None and asked.duration is not None:
        raise UsageError("items and duration exclude each other; give one of them")
    if messages is not None and asked.sizes is not None:
        raise UsageError(OWN_SIZES)
    if asked.payloads is not None and PAYLOAD in asked.params:
        raise UsageError(f"the payload is said twice, also as the parameter {PAYLOAD}; leave that out")
    return Sweep(
        transports=read_transports(asked.transports, known),
        sizes_bytes=parse_sizes(_said(asked.sizes, "64")),
        consumers=_consumers(_said(asked.consumers, "1")),
        patterns=_patterns(_said(asked.patterns, "share")),
        dispatches=_dispatches(asked.dispatches) if asked.dispatches is not None else (),
        policies=_policies(_said(asked.policies, "each")),
        lingers_us=_lingers_us(_said(asked.linger_us, "0")),
        acks=_acks(asked.acks) if asked.acks is not None else (),
        waits=_waits(_said(asked.waits, "block")),
        placements=_placements(_said(asked.placements, "spread")),
        rates_per_s=_rates_per_s(asked.rates) if asked.rates is not None else (None,),
        in_flights=_in_flights(_said(asked.in_flights, "1")),
        links=_links(asked.links) if asked.links is not None else (None,),
        payloads=_payloads(asked.payloads) if asked.payloads is not None else (None,),
        params={name: _each(values, str) for name, values in asked.params.items()},
        items=_items(asked.items) if asked.items is not None else None,
        duration_s=None if asked.items is not None else _duration_s(_said(asked.duration, DURATION_DEFAULT)),
        warmup_s=_warmup_s(_said(asked.warmup, "10ms")),
        verify=read_verify(_said(asked.verify, "full")),
        messages=messages,
        stamp_every=_stamp_every(asked.stamp_every) if asked.stamp_every is not None else None,
    )


def check_axis(name: str, text: str, known: Mapping[str, Transport]) -> None:
    """Raises: UsageError when no sweep can have this text on its axis of that name."""
    if name == "transports":
        read_transports(text, known)
    else:
        _READERS[name](text)


def check_params(params: Iterable[str], names: Sequence[str], known: Mapping[str, Transport]) -> None:
    """Raises: UsageError for a parameter that none of these transports has."""
    offered = {param.name for name in names for param in known[name].params}
    for param in params:
        if param not in offered and len(names) > 1:
            which = ", ".join(dict.fromkeys(names))
            raise UsageError(f"no parameter {param!r} with any of {which}; {nearest(param, offered)}")
        if param not in offered and names:
            known[names[0]].param(param)


def read_transports(text: str | None, known: Mapping[str, Transport]) -> tuple[str, ...]:
    """The named ones in their order, as ``known`` has them; all that are known when nothing was said.

    Raises: UsageError for an unknown one, with the nearest name.
    """
    names = tuple(known)
    if text is None:
        return names
    return _words(",".join(known_name(word, known) for word in text.split(",")), "transport", names)


def known_name(word: str, known: Mapping[str, Transport]) -> str:
    """``RUNTIME:NAME`` as the name alone, where that stands for this runtime."""
    runtime, _, name = word.strip().partition(":")
    return name if name in known and known[name].runtime == runtime else word


def read_repeats(text: str) -> int:
    repeats = parse_count(text, "repeats")
    if repeats > REPEATS_HIGH:
        raise UsageError(f"repeats {text!r}: at most {REPEATS_HIGH} repeats are run; write for example 5")
    return repeats


def read_until(text: str) -> float:
    """Percent: how narrow the interval of a case is to become."""
    return parse_percent(text, "until")


def read_seed(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > SEED_HIGH:
        raise UsageError(f"seed {text!r} is not a whole number from 0 to 2^63 - 1; write for example 42")
    return int(text)


def read_inject(text: str) -> str:
    if text not in FAULTS:
        raise UsageError(f"unknown fault {text!r}; {nearest(text, FAULTS)} (one fault is made in a trial)")
    return text


def read_messages_format(text: str) -> MessagesFormat:
    found: dict[str, MessagesFormat] = {"lines": "lines", "u32": "u32"}
    if text not in found:
        raise UsageError(f"unknown messages format {text!r}; {nearest(text, found)}")
    return found[text]


def _said(text: str | None, default: str) -> str:
    """What was said; an empty text was said, too, and is for its reader to refuse."""
    return default if text is None else text


def _each(text: str, read: Callable[[str], T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(read(part.strip()) for part in text.split(",")))


def _words(text: str, what: str, known: Iterable[str]) -> tuple[str, ...]:
    names = tuple(known)

    def read(word: str) -> str:
        if word not in names:
            raise UsageError(f"unknown {what} {word!r}; {nearest(word, names)}")
        return word

    return _each(text, read)


def _patterns(text: str) -> tuple[str, ...]:
    return _words(text, "pattern", PATTERNS)


def _dispatches(text: str) -> tuple[str, ...]:
    return _words(text, "dispatch", DISPATCHES)


def _policies(text: str) -> tuple[str, ...]:
    return _each(text, read_policy)


def _lingers_us(text: str) -> tuple[int, ...]:
    return _each(text, _linger_us)


def _acks(text: str) -> tuple[str, ...]:
    return _each(text, read_ack)


def _waits(text: str) -> tuple[str, ...]:
    return _words(text, "wait", WAITS)


def _placements(text: str) -> tuple[str, ...]:
    return _words(text, "placement", PLACEMENTS)


def _rates_per_s(text: str) -> tuple[float, ...]:
    rates = tuple(parse_count_list(text, "rate"))
    if max(rates) > RATE_HIGH_PER_S:
        raise UsageError(f"rate {text!r}: at most {RATE_HIGH_PER_S:.0f} messages a second are offered; write 10k,100k")
    return tuple(map(float, rates))


def _in_flights(text: str) -> tuple[int, ...]:
    counts = tuple(parse_count_list(text, "in-flight"))
    if max(counts) > IN_FLIGHT_HIGH:
        raise UsageError(
            f"in-flight {max(counts)}: at most {IN_FLIGHT_HIGH} requests are on their way at once; write 1,8"
        )
    return counts


def _stamp_every(text: str) -> int:
    return parse_count(text, "stamp-every")


def _links(text: str) -> tuple[Link, ...]:
    return _each(text, parse_link)


def _payloads(text: str) -> tuple[str, ...]:
    return _words(text, "payload", PAYLOADS)


def _consumers(text: str) -> tuple[int, ...]:
    counts = tuple(parse_count_list(text, "consumers", low=0))
    if max(counts) > CONSUMERS_HIGH:
        raise UsageError(
            f"consumers {max(counts)}: at most {CONSUMERS_HIGH} consumer processes are run; write for example 1,4,32"
        )
    return counts


def _linger_us(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > LINGER_HIGH_US:
        raise UsageError(f"linger {text!r} is not a whole number of microseconds from 0 to {LINGER_HIGH_US}")
    return int(text)


def _items(text: str) -> int:
    return parse_count(text, "items")


def _duration_s(text: str) -> float:
    duration_s = parse_duration_s(text)
    if duration_s > DURATION_HIGH_S:
        raise UsageError(f"duration {text!r}: a trial sends for at most 24 h; write for example 1s")
    return duration_s


def _warmup_s(text: str) -> float:
    if text.strip() in ("0", "0s"):
        return 0.0
    warmup_s = parse_duration_s(text, "warmup")
    if warmup_s > 3600:
        raise UsageError(f"warmup {text!r}: at most one hour is warmed up; write for example 10ms")
    return warmup_s


_READERS: dict[str, Callable[[str], object]] = {
    "sizes": parse_sizes,
    "consumers": _consumers,
    "patterns": _patterns,
    "dispatches": _dispatches,
    "policies": _policies,
    "linger_us": _lingers_us,
    "acks": _acks,
    "waits": _waits,
    "placements": _placements,
    "rates": _rates_per_s,
    "in_flights": _in_flights,
    "links": _links,
    "payloads": _payloads,
    "items": _items,
    "duration": _duration_s,
    "warmup": _warmup_s,
    "verify": read_verify,
    "stamp_every": _stamp_every,
}
