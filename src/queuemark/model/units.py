"""Numbers with units, read from what people type and written for them to read.

1. ``k``, ``M`` and ``G`` are 1024-based for bytes and 1000-based for counts, rates and links;
   ``KiB``, ``MiB`` and ``GiB`` are always 1024-based.
2. What is read is exact: ``4k`` is 4096, ``1M`` items are 1,000,000. Nothing is rounded silently.
3. What cannot be read raises UsageError with the text, the reason and an example.
"""

from __future__ import annotations

__all__ = [
    "Count",
    "Positive",
    "format_bytes",
    "format_count",
    "format_duration_s",
    "format_rate",
    "parse_byte_list",
    "parse_bytes",
    "parse_count",
    "parse_count_list",
    "parse_duration_s",
    "parse_percent",
]

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Literal

import msgspec

from queuemark.model.errors import UsageError

_HIGH = 2**63 - 1

Count = Annotated[int, msgspec.Meta(ge=0, le=_HIGH)]
"""A count, a time in ns or a size in bytes, as documents hold it; decoding refuses what is outside the range."""

Positive = Annotated[int, msgspec.Meta(ge=1, le=_HIGH)]
"""A Count of at least 1."""

_NUMBER = re.compile(r"(?P<number>-?[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-zµ]*)")
_BINARY = {"kib": 1024, "mib": 1024**2, "gib": 1024**3}
_BYTES = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, **_BINARY}
_COUNTS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, **_BINARY}
_SECONDS = {
    "ns": Fraction(1, 10**9),
    "us": Fraction(1, 10**6),
    "µs": Fraction(1, 10**6),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "min": Fraction(60),
    "m": Fraction(60),
    "h": Fraction(3600),
}
_LIST_LIMIT = 4096


def _scaled(text: str, units: dict[str, int], what: str, example: str) -> int:
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{what} {text!r} is not a number with a unit; write for example {example}")
    unit = match["unit"].lower()
    if unit not in units:
        raise UsageError(
            f"{what} {text!r}: unknown unit {match['unit']!r}; use k, M, G or KiB, MiB, GiB, for example {example}"
        )
    value = Fraction(match["number"]) * units[unit]
    if value.denominator != 1:
        raise UsageError(f"{what} {text!r} is not a whole number; write for example {example}")
    if value < 1:
        raise UsageError(f"{what} {text!r} must be at least 1; write for example {example}")
    if value > _HIGH:
        raise UsageError(f"{what} {text!r} is above {_HIGH}; write for example {example}")
    return int(value)


def parse_bytes(text: str, what: str = "size") -> int:
    """Bytes, at least 1, from ``64``, ``4k``, ``16KiB``.

    Raises: UsageError for what is not a positive whole number of bytes.
    """
    return _scaled(text, _BYTES, what, "64, 4k or 16KiB")


def parse_count(text: str, what: str = "count") -> int:
    """A count, at least 1, from ``250``, ``10k``, ``1M``.

    Raises: UsageError for what is not a positive whole number.
    """
    return _scaled(text, _COUNTS, what, "1000, 10k or 1M")


def _listed(text: str, read: Callable[[str, str], int], what: str) -> list[int]:
    values: list[int] = []
    for part in text.split(","):
        if text.strip() and not part.strip():
            raise UsageError(f"{what} {text!r}: a value is missing beside a comma; write for example 16,64")
        if ".." in part:
            first_text, _, last_text = part.partition("..")
            _check_ends(part, first_text, last_text, what)
            first, last = read(first_text, what), read(last_text, what)
            if first > last:
                raise UsageError(f"{what} {part!r}: the range runs backwards; write {last_text}..{first_text}")
            value = first
            while value <= last:
                values.append(value)
                value = 2 * value or 1
        else:
            values.append(read(part, what))
    unique = list(dict.fromkeys(values))
    if len(unique) > _LIST_LIMIT:
        raise UsageError(f"{what} {text!r} names {len(unique)} values; at most {_LIST_LIMIT} are taken")
    return unique


def _check_ends(part: str, first_text: str, last_text: str, what: str) -> None:
    for end, text in (("beginning", first_text), ("end", last_text)):
        if not text.strip():
            raise UsageError(f"{what} {part!r}: the range has no {end}; write for example 1..64")


def parse_byte_list(text: str, what: str = "size") -> list[int]:
    """Sizes in bytes from a comma list of sizes and doubling ranges: ``1..4096``, ``16,1k``.

    A range doubles from its first value while it does not pass its last. Order is kept, repeats dropped.
    """
    return _listed(text, parse_bytes, what)


def parse_count_list(text: str, what: str = "count", *, low: Literal[0, 1] = 1) -> list[int]:
    """Counts from a comma list of counts and doubling ranges: ``1..32``, ``1,4,32``; low: 0 is one of them, too."""
    return _listed(text, parse_count if low else _count_or_none, what)


def _count_or_none(text: str, what: str) -> int:
    return 0 if text.strip() == "0" else parse_count(text, what)


def parse_duration_s(text: str, what: str = "duration") -> float:
    """Seconds, above 0, from ``0.2``, ``200ms``, ``50us``, ``2min``; a bare number is in seconds.

    Raises: UsageError for what is not a positive duration.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{what} {text!r} is not a duration; write for example 200ms, 1s or 2min")
    unit = match["unit"].lower() or "s"
    if unit not in _SECONDS:
        raise UsageError(
            f"{what} {text!r}: unknown unit {match['unit']!r}; use ns, us, ms, s, min or h, for example 200ms"
        )
    seconds = Fraction(match["number"]) * _SECONDS[unit]
    if seconds <= 0:
        raise UsageError(f"{what} {text!r} must be above 0; write for example 200ms")
    return float(seconds)


def parse_percent(text: str, what: str = "share") -> float:
    """Percent, above 0 and below 100, from ``2%``, ``0.5 %``; the sign is not left out.

    Raises: UsageError for what is none.
    """
    match = _NUMBER.fullmatch(text.strip().removesuffix("%").strip())
    if match is None or match["unit"] or not text.strip().endswith("%"):
        raise UsageError(f"{what} {text!r} is not a number of percent; write for example 2%")
    percent = float(match["number"])
    if not 0 < percent < 100:
        raise UsageError(f"{what} {text!r} must be above 0 % and below 100 %; write for example 2%")
    return percent


def format_bytes(value: float) -> str:
    """Bytes for a reader: ``64 B``, ``4 KiB``, ``1.5 MiB``."""
    return _short(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB"])


def format_count(value: float) -> str:
    """A count for a reader: ``950``, ``1.25 M``."""
    return _short(value, 1000, ["", "k", "M", "G", "T"])


def format_rate(value: float) -> str:
    """Messages a second for a reader: ``1.25 M/s``."""
    return f"{_short(value, 1000, ['', 'k', 'M', 'G', 'T'])}/s"


def format_duration_s(value: float) -> str:
    """A duration for a reader: ``350 us``, ``1.2 s``, ``3 min 20 s``."""
    if value < 0:
        return f"-{format_duration_s(-value)}"
    if value >= 100:
        minutes, seconds = divmod(round(value), 60)
        return f"{minutes} min {seconds:02d} s"
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= scale * 0.9995:  # what rounds to 1 of this unit is shown in it
            return f"{value / scale:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def _short(value: float, base: int, units: list[str]) -> str:
    scaled, index = float(value), 0
    while abs(scaled) >= base * 0.9995 and index < len(units) - 1:
        scaled, index = scaled / base, index + 1
    text = f"{scaled:.0f}" if abs(scaled) >= 100 or scaled == int(scaled) else f"{scaled:.3g}"
    return f"{text} {units[index]}".rstrip()
