"""Trials as roles and verdicts know them, without any process."""

from __future__ import annotations

__all__ = ["finished", "read", "setup"]

import os
from collections.abc import Coroutine
from typing import Any, TypeVar

from queuemark.runners.python.catalogue import Catalogue
from queuemark.runners.python.fault import draw_fault
from queuemark.runners.python.found import value_entries
from queuemark.runners.python.options import Options, read_options
from queuemark.runners.python.setup import Setup
from queuemark.runners.python.shared import Memory, Shared
from queuemark.runners.python.transport import Case

Kept = TypeVar("Kept")

CATALOGUE = Catalogue({})


def read(*words: str) -> Options:
    """Of the verb trial; the first word is the transport."""
    return read_options(words, {words[0]: CATALOGUE.describe(words[0])})


def setup(*words: str) -> Setup:
    """The same as what its roles are told; nothing is timed."""
    options = read(*words)
    deal_items = int(options.params.get("deal_items", 1))
    marks_bytes = 8 * value_entries(options.size_bytes) if options.bare_values else 1000
    return Setup(
        options=options,
        kind=CATALOGUE.load(words[0]),
        case=Case(options.consumers, options.size_bytes, options.params),
        shared=Shared(options.consumers, options.streams),
        stamping=None,
        fault=draw_fault(options, deal_items),
        marks=[Memory(marks_bytes) for _ in range(options.consumers)] if options.competing else [],
        deal_items=deal_items,
        runner_pid=os.getpid(),
        allowed_cpus=(0, 1),
    )


def finished(work: Coroutine[Any, Any, Kept]) -> Kept:
    """What it returns; it waits for no event loop."""
    try:
        work.send(None)
    except StopIteration as ended:
        kept: Kept = ended.value
        return kept
    raise AssertionError("it waits for an event loop")
