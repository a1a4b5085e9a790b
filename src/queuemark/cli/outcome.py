"""What a finished session says to people, and which exit code it ends with."""

from __future__ import annotations

__all__ = ["interruption", "judge", "read", "show"]

from rich.console import Console
from rich.table import Table

from queuemark.analysis.estimates import with_estimates
from queuemark.cli.progress import CaseLabels
from queuemark.model.errors import Interrupted, NothingAvailable, NotProved
from queuemark.model.session import Session, SessionDocument
from queuemark.model.units import format_rate
from queuemark.store import Store


def read(store: Store, session: Session) -> SessionDocument:
    """The session as it is stored, with the rate of each case."""
    return with_estimates(store.document(session.id))


def show(document: SessionDocument) -> None:
    """The results on stdout, and the commands that show and make them again."""
    session = document.session
    console = Console()
    console.print(_table(document))
    for line in (
        f"session {session.id[:8]}, made again by: {session.plan.command}",
        f"shown again, and in full, by: queuemark show {session.id[:8]} --wide",
    ):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def interruption(document: SessionDocument) -> Interrupted:
    session = document.session
    kept = sum(len(case.trials) for case in document.cases)
    total = len(session.plan.cases) * session.plan.repeats
    return Interrupted(
        f"interrupted, {kept} of {total} trials are kept; go on with: queuemark run --resume {session.id[:8]}"
    )


def judge(document: SessionDocument) -> None:
    """Nothing when delivery was proved wherever it could be.

    Raises: NotProved when a trial failed; NothingAvailable when none could run.
    """
    trials = [(case.case, trial) for case in document.cases for trial in case.trials]
    failed = [(case, trial) for case, trial in trials if trial.state == "failed"]
    if failed:
        case, trial = failed[0]
        label = CaseLabels(document.session.plan.cases)(case)
        raise NotProved(
            f"{len(failed)} of {len(trials)} trials did not prove their delivery, the first {label}: "
            f"{trial.reason}; see: queuemark show {document.session.id[:8]}"
        )
    if not any(trial.state == "ok" for _, trial in trials):
        reasons = dict.fromkeys(f"{case.transport}: {trial.reason}" for case, trial in trials)
        raise NothingAvailable(f"nothing that was asked for could run here: {'; '.join(reasons)}")


def _table(document: SessionDocument) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("case", "rate", "95 % interval", "trials"):
        table.add_column(column)
    label = CaseLabels(document.session.plan.cases)
    for case in document.cases:
        rate = case.rate_per_s
        interval = f"{format_rate(rate.low)} to {format_rate(rate.high)}" if rate and rate.low and rate.high else ""
        states = ", ".join(dict.fromkeys(trial.state for trial in case.trials))
        table.add_row(label(case.case), format_rate(rate.median) if rate else "", interval, states)
    return table
