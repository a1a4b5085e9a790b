"""What a session says on stderr before its first trial: what it will do, for how long, and what was left out."""

from __future__ import annotations

__all__ = ["left_out_texts", "missing_texts", "opening_text", "outlook_text", "say", "surveyed"]

from collections.abc import Sequence, Set

from rich.console import Console

from queuemark.brokers.registry import Servers
from queuemark.cli.prepare import Prepared
from queuemark.measure.outlook import Outlook
from queuemark.measure.schedule import pending
from queuemark.model.errors import NothingAvailable
from queuemark.model.session import Session
from queuemark.model.units import format_duration_s
from queuemark.runners.registry import Survey, survey


def surveyed(console: Console, servers: Servers | None = None) -> Survey:
    """What runners offer; servers: where brokers are, those that are not named would be started.

    Raises: NothingAvailable.
    """
    found = (servers or Servers()).surveyed(survey())
    for trouble in found.troubles:
        say(console, f"queuemark: {trouble}")
    if not found.offers:
        raise NothingAvailable("no runner offers any transport; see the line above for what to do")
    return found


def opening_text(session: Session) -> str:
    plan = session.plan
    cases, repeats = len(plan.cases), plan.repeats
    counted = f"{cases} case{'s' * (cases != 1)} x {repeats} repeat{'s' * (repeats != 1)}"
    counted += " at most" * (plan.until_percent is not None)
    if plan.search is not None:
        counted = f"{cases} case{'s' * (cases != 1)}, {_FINDS[plan.search.goal]}"
    return f"session {session.id[:8]}: {counted}, seed {plan.seed}"


_FINDS = {
    "sweep": "walked over the load up to saturation",
    "lossless": "searched for the highest rate without loss",
    "p99": "searched for the highest rate within the bound",
}


def outlook_text(session: Session, done: Set[tuple[str, int]]) -> str:
    """A guess from typical rates; the display corrects it as trials finish."""
    plan = session.plan
    left_s = Outlook(slot.case for slot in pending(plan, done)).left_s()
    if plan.search is not None and len(plan.stages) == 1:
        walked = len(plan.search.percents) or _RATES_TYPICAL
        left_s += walked * Outlook(slot.case for slot in pending(plan, frozenset())).left_s()
    return f"about {format_duration_s(max(1, round(left_s)))} to go"


_RATES_TYPICAL = 10
"""That many rates a search tries, its confirmation counted as some of them."""


def left_out_texts(prepared: Prepared) -> list[str]:
    cells: dict[tuple[str, str], int] = {}
    for exclusion in prepared.exclusions:
        key = (exclusion.transport, exclusion.reason)
        cells[key] = cells.get(key, 0) + exclusion.cells
    return missing_texts(prepared.missing) + [
        f"left out: {count} case{'s' * (count != 1)} of {name}: {reason}" for (name, reason), count in cells.items()
    ]


def missing_texts(names: Sequence[str]) -> list[str]:
    """Transports that were wanted and that nobody offers, in a line."""
    return [f"left out: {', '.join(names)}: no runner here offers {'them' if len(names) > 1 else 'it'}"] * bool(names)


def say(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
