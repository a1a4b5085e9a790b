"""What a finished session says to people, and which exit code it ends with."""

from __future__ import annotations

__all__ = ["interruption", "judge", "read", "show"]

from rich.console import Console

from queuemark.analysis.estimates import with_estimates
from queuemark.cli.progress import CaseLabels
from queuemark.model.errors import Interrupted, NothingAvailable, NotProved
from queuemark.model.session import Session, SessionDocument
from queuemark.store import Store
from queuemark.views.classic import classic_tables, is_grid
from queuemark.views.rates import rates_text
from queuemark.views.render import WIDTH, rendered


def read(store: Store, session: Session) -> SessionDocument:
    """The session as it is stored, with the rate of each case."""
    return with_estimates(store.document(session.id))


def show(document: SessionDocument) -> None:
    """The results on stdout, and where there is more to see."""
    console = Console()
    for text in (
        _results_text(document, console.width if console.is_terminal else WIDTH),
        f"in full: queuemark show {document.session.id[:8]} --wide",
    ):
        console.print(text.rstrip("\n"), markup=False, highlight=False, soft_wrap=True)


def _results_text(document: SessionDocument, width: int) -> str:
    """The classical tables after the classical sweep, whose hundreds of cases nobody reads as lines."""
    if document.session.plan.preset == "classic" and is_grid(document):
        return rendered(classic_tables(document), "text", width)
    return rates_text(document, width)


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
