"""A session that a command measures for its own answer; it is stored as any other and shown by the same commands."""

from __future__ import annotations

__all__ = ["measured"]

import shlex

import msgspec
from rich.console import Console

from queuemark.cli.lock import alone
from queuemark.cli.opening import left_out_texts, opening_text, outlook_text, say, surveyed
from queuemark.cli.outcome import interruption, read
from queuemark.cli.prepare import Request, prepare
from queuemark.cli.session import begin, carry_out, check_room
from queuemark.model.session import SessionDocument
from queuemark.store import Store, data_directory


def measured(request: Request, words: list[str], console: Console) -> SessionDocument:
    """The session with its estimates; words: of the ``queuemark run`` that makes it again, but for the seed.

    Raises: Interrupted when it was stopped; what preparing and storing raise.
    """
    found = surveyed(console)
    prepared = prepare(request, found.transports())
    command = shlex.join(["queuemark", "run", *words, "--seed", str(prepared.plan.seed)])
    plan = msgspec.structs.replace(prepared.plan, command=command)
    with alone(data_directory()), Store.open() as store:
        check_room(data_directory(), plan)
        session = begin(store, plan)
        say(console, f"{opening_text(session)}, {outlook_text(session, set())}")
        for line in left_out_texts(prepared):
            say(console, line)
        through = carry_out(store, session, found, prepared.stall_s, console)
        document = read(store, session)
    if not through:
        raise interruption(document)
    return document
