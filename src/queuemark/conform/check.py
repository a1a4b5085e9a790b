"""What a check is, and what it finds."""

from __future__ import annotations

__all__ = ["Broken", "Check", "Finding", "NotHere", "expect"]

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from queuemark.conform.bench import Bench


class Broken(Exception):
    """The promise is broken: how, in words."""


class NotHere(Exception):
    """The promise does not concern this transport: why."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """promise: a sentence without its full stop. brief: it is among those that a brief look tries."""

    promise: str
    try_it: Callable[[Bench], None]
    brief: bool = False


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one promise of one transport; words: how it is broken, or why it is not tried."""

    transport: str
    runtime: str
    promise: str
    state: Literal["kept", "broken", "not here"]
    words: str = ""


def expect(kept: bool, words: str) -> None:
    """Raises: Broken with these words."""
    if not kept:
        raise Broken(words)
