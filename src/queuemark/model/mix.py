"""Messages of several sizes in one stream: ``64:70%,1k:25%,16k:5%``.

1. A mix is one value of the axis of sizes: where a comma list has shares, they belong together until they add up to
   100 %. So ``16,64:70%,1k:30%`` is a size and a mix.
2. A mix has one spelling: the smallest size first.
3. Shares are exact: at most two decimals, and among MIX_PERIOD messages of a stream that follow each other each size
   has exactly its share.
"""

from __future__ import annotations

__all__ = [
    "MIX_PARTS_HIGH",
    "MIX_PERIOD",
    "Mix",
    "MixPart",
    "mix_bytes",
    "mix_fault",
    "mix_mean_bytes",
    "mix_text",
    "parse_sizes",
    "size_words",
]

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated

import msgspec

from queuemark.model.errors import UsageError
from queuemark.model.units import parse_byte_list, parse_bytes

MIX_PERIOD = 10_000
MIX_PARTS_HIGH = 64

_SIZE_LOW_BYTES = 8
"""A sequence number: without it a message would not tell which size it should have."""

_SHARE = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]{1,2})?)\s*%")
_EXAMPLE = "write for example 64:70%,1k:25%,16k:5%"


class MixPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Messages of one size among those of others. share_percent: of all messages, with at most two decimals."""

    size_bytes: Annotated[int, msgspec.Meta(ge=_SIZE_LOW_BYTES, le=2**63 - 1)]
    share_percent: Annotated[float, msgspec.Meta(gt=0, lt=100)]

    @property
    def in_period(self) -> int:
        """How many of MIX_PERIOD messages have this size."""
        return round(self.share_percent * (MIX_PERIOD // 100))


Mix = tuple[MixPart, ...]


def mix_fault(mix: Mix) -> str | None:
    """The first reason why these parts are no mix, or None."""
    if len(mix) > MIX_PARTS_HIGH:
        return f"a mix has at most {MIX_PARTS_HIGH} sizes, not {len(mix)}"
    if any(part.share_percent != part.in_period * 100 / MIX_PERIOD or not part.in_period for part in mix):
        return "a share is 0, or has more than two decimals"
    if sum(part.in_period for part in mix) != MIX_PERIOD:
        return f"the shares add up to {sum(part.in_period for part in mix) * 100 / MIX_PERIOD:g} %, not to 100 %"
    return _sizes_fault([part.size_bytes for part in mix])


def _sizes_fault(sizes: list[int]) -> str | None:
    if len(sizes) < 2:
        return "a mix has at least two sizes"
    if min(sizes) < _SIZE_LOW_BYTES:
        return f"a message of {min(sizes)} bytes has no room for its number; in a mix each has at least 8 bytes"
    twice = next((size for place, size in enumerate(sizes) if size in sizes[:place]), None)
    if twice is not None:
        return f"the size {twice} is there twice"
    return "the smallest size does not come first" if sizes != sorted(sizes) else None


def mix_mean_bytes(mix: Mix) -> float:
    """A message of the mix on average."""
    return sum(part.size_bytes * part.in_period for part in mix) / MIX_PERIOD


def mix_bytes(mix: Mix, count: int) -> tuple[int, int]:
    """The bytes of ``count`` messages of one stream that follow each other, at least and at most."""
    periods, rest = divmod(count, MIX_PERIOD)
    whole = periods * sum(part.size_bytes * part.in_period for part in mix)
    return whole + _taken(mix, rest), whole + _taken(reversed(mix), rest)


def _taken(parts: Iterable[MixPart], count: int) -> int:
    """The bytes of so many messages of a period, those of the first part taken first."""
    total = 0
    for part in parts:
        taken = min(count, part.in_period)
        total, count = total + taken * part.size_bytes, count - taken
    return total


def parse_sizes(text: str) -> tuple[int | Mix, ...]:
    """Sizes in bytes and mixes of them, from a comma list: ``1..4096``, ``16,64:70%,1k:30%``.

    Order is kept, repeats are dropped.

    Raises: UsageError for what is neither.
    """
    if "%" not in text:
        return tuple(parse_byte_list(text))
    values: list[int | Mix] = []
    for word in size_words(text):
        if not word.strip():
            raise UsageError(f"size {text!r}: a value is missing beside a comma; {_EXAMPLE}")
        values += [_mix(word)] if "%" in word else parse_byte_list(word)
    return tuple(dict.fromkeys(values))


def size_words(text: str) -> list[str]:
    """A comma list of sizes parted into its values: a size, a range, or a whole mix."""
    words: list[str] = []
    parts: list[str] = []
    for part in text.split(","):
        if parts and "%" not in part:
            words, parts = [*words, ",".join(parts)], []
        parts.append(part)
        if "%" not in part or sum(map(_share_text, parts)) >= 100:
            words, parts = [*words, ",".join(parts)], []
    return [*words, ",".join(parts)] if parts else words


def _share_text(part: str) -> Fraction:
    """What a part says of its share, 0 where it cannot be read."""
    found = _SHARE.fullmatch(part.partition(":")[2].strip())
    return Fraction(found["number"]) if found else Fraction(0)


def _mix(text: str) -> Mix:
    parts = sorted((_part(text, part) for part in text.split(",")), key=lambda part: part.size_bytes)
    fault = mix_fault(tuple(parts))
    if fault is not None:
        raise UsageError(f"mix {text!r}: {fault}; {_EXAMPLE}")
    return tuple(parts)


def _part(text: str, part: str) -> MixPart:
    size, colon, share = part.partition(":")
    if not colon:
        raise UsageError(f"mix {text!r}: {part.strip()!r} is not SIZE:SHARE%; {_EXAMPLE}")
    found = _SHARE.fullmatch(share.strip())
    if found is None:
        raise UsageError(
            f"mix {text!r}: share {share.strip()!r} is not a percentage of at most two decimals; {_EXAMPLE}"
        )
    return MixPart(size_bytes=parse_bytes(size, f"mix {text!r}: size"), share_percent=float(found["number"]))


def mix_text(mix: Mix) -> str:
    """The one spelling, as parse_sizes reads it: ``64:70%,1k:25%,16k:5%``; empty for no mix."""
    return ",".join(f"{_size_text(part.size_bytes)}:{part.share_percent:g}%" for part in mix)


def _size_text(size_bytes: int) -> str:
    for unit, letter in ((1024**3, "G"), (1024**2, "M"), (1024, "k")):
        if size_bytes % unit == 0:
            return f"{size_bytes // unit}{letter}"
    return str(size_bytes)
