"""A session that a command measures for its own answer; it is stored as any other and shown by the same commands."""

from __future__ import annotations

__all__ = ["carried_out", "measured"]

import shlex
from collections.abc import Sequence

import msgspec
from rich.console import Console

from queuemark.cli.lock import alone
from queuemark.cli.opening import left_out_texts, opening_text, outlook_text, say, surveyed
from queuemark.cli.outcome import interruption, read
from queuemark.cli.prepare import Request, prepare
from queuemark.cli.session import begin, carry_out, check_room
from queuemark.model.plan import Plan
from queuemark.model.session import SessionDocument
from queuemark.runners.contract import STALL_DEFAULT_S
from queuemark.runners.registry import Survey
from queuemark.store import Store, data_directory


def measured(request: Request, words: list[str], console: Console) -> SessionDocument:
    """The session with its estimates; words: of the ``queuemark run`` that makes it again, but for the seed.

    Raises: Interrupted when it was stopped; what preparing and storing raise.
    """
    found = surveyed(console)
    prepared = prepare(request, found.transports())
    command = shlex.join(["queuemark", "run", *words, "--seed", str(prepared.plan.seed)])
    plan = msgspec.structs.replace(prepared.plan, command=command)
    return carried_out(plan, found, console, left_out_texts(prepared), prepared.stall_s)


def carried_out(
    plan: Plan, found: Survey, console: Console, left_out: Sequence[str] = (), stall_s: float = STALL_DEFAULT_S
) -> SessionDocument:
    """A new session of the plan, stored, with its estimates; left_out: lines about what the plan has not.

    Raises: Interrupted when it was stopped; what storing raises.
    """
    with alone(data_directory()), Store.open() as store:
        check_room(data_directory(), plan)
        session = begin(store, plan, found)
        say(console, f"{opening_text(session)}, {outlook_text(session, set())}")
        for line in left_out:
            say(console, line)
        through = carry_out(store, session, found, stall_s, console)
        document = read(store, session)
    if not through:
        raise interruption(document)
    return document
