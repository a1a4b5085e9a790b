"""The one fault that a trial is asked to make, to show that the laboratory would notice it.

Which message, which consumer and which bit are drawn from the seed; the message is counted within its stream. Nothing
of this is in the hot loop: the producer runs up to the message, makes the fault, and runs on.
"""

from __future__ import annotations

__all__ = ["Fault", "dealt_items", "draw_fault"]

from dataclasses import dataclass

from queuemark.model.errors import UsageError
from queuemark.runners.python.numbering import mixed
from queuemark.runners.python.options import Options

_TIMED_ITEMS = 400
"""A timed trial sends an unknown number; its first few hundred are sure to come."""


@dataclass(frozen=True)
class Fault:
    """stream: where the producer makes it, else null; consumer: which of them is the one, else null."""

    kind: str
    stream: int | None
    consumer: int | None
    message: int
    bit_draw: int

    @property
    def messages(self) -> int:
        """How many messages it takes."""
        return _needed(self.kind)


def dealt_items(items: int, stream: int, streams: int, deal_items: int) -> int:
    """How many of the items, dealt in turns over the streams, go to this one."""
    rounds, rest = divmod(items, deal_items * streams)
    return rounds * deal_items + min(max(0, rest - deal_items * stream), deal_items)


def draw_fault(options: Options, deal_items: int) -> Fault | None:
    """Raises: UsageError when so few messages are sent that there is none to make it with."""
    if options.fault is None:
        return None
    kind, needed = options.fault, _needed(options.fault)
    expected = [_expected(options, stream, deal_items) for stream in range(options.streams)]
    fitting = [stream for stream, count in enumerate(expected) if count >= needed]
    if not fitting:
        raise UsageError(f"--inject {kind} needs at least {needed} messages in one stream; take more items")
    draw = mixed(options.seed ^ 0xFA017)
    stream = fitting[draw % len(fitting)]
    count = expected[stream]
    if kind in ("flip", "drop", "duplicate", "reorder"):
        message = min(count - needed, count // 4 + mixed(draw + 1) % max(1, count // 2))
        return Fault(kind, stream, None, message, mixed(draw))
    consumer = draw % options.consumers if options.streams == 1 else stream
    # Consumers that compete may get few messages each, so an early one is taken.
    early = min(4, count) if options.dispatch == "compete" else count
    return Fault(kind, None, consumer, mixed(draw + 1) % early, 0)


def _needed(kind: str) -> int:
    return 2 if kind == "reorder" else 1


def _expected(options: Options, stream: int, deal_items: int) -> int:
    return dealt_items(options.items, stream, options.streams, deal_items) if options.items else _TIMED_ITEMS
