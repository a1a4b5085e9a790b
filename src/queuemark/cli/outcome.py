"""What a finished session says to people, and which exit code it ends with."""

from __future__ import annotations

__all__ = ["interruption", "judge", "judge_noise", "read", "require_interval", "show"]

from collections.abc import Sequence

import msgspec

from queuemark.analysis.disturbance import WITHIN_HIGH, Unsteady, too_noisy
from queuemark.analysis.estimates import TRIALS_LOW, with_estimates
from queuemark.analysis.front import fronts
from queuemark.cli.progress import CaseLabels
from queuemark.model.errors import Interrupted, NothingAvailable, NotProved, QueuemarkError, TooNoisy, UsageError
from queuemark.model.plan import Case, Plan, planned_trials
from queuemark.model.session import Session, SessionDocument
from queuemark.model.trial import Trial
from queuemark.runners.trial import REFUSAL
from queuemark.store import Store
from queuemark.views.classic import classic_tables, is_grid
from queuemark.views.findings import noise_texts
from queuemark.views.front import front_tables
from queuemark.views.load import load_tables
from queuemark.views.numbers import as_percent, counted
from queuemark.views.rates import rates_text
from queuemark.views.render import rendered, terminal_width


def read(store: Store, session: Session) -> SessionDocument:
    """The session as it is stored, with the rate of each case."""
    return with_estimates(store.document(session.id))


def show(document: SessionDocument, command: str | None = None) -> None:
    """The results on stdout, and where there is more to see.

    command: what makes the session again from here, paths included; else the one that is stored, without them.
    """
    if command is not None:
        plan = msgspec.structs.replace(document.session.plan, command=command)
        document = msgspec.structs.replace(document, session=msgspec.structs.replace(document.session, plan=plan))
    print(_results_text(document, terminal_width()).rstrip("\n"))
    print(f"in full: queuemark show {document.session.id[:8]} --wide")


def _results_text(document: SessionDocument, width: int) -> str:
    """The classical tables after the classical sweep, whose hundreds of cases nobody reads as lines."""
    if document.session.plan.preset == "classic" and is_grid(document):
        return rendered(classic_tables(document), "text", width)
    if document.session.plan.preset == "front" and fronts(document):
        return rendered(front_tables(document), "text", width)
    if document.session.plan.search is not None and len(document.session.plan.stages) > 1:
        return rendered(load_tables(document), "text", width)
    return rates_text(document, width)


def interruption(document: SessionDocument) -> Interrupted:
    session = document.session
    kept = sum(len(case.trials) for case in document.cases)
    total = planned_trials(session.plan)
    most = "at most " * (session.plan.until_percent is not None)
    return Interrupted(
        f"interrupted, {kept} of {most}{total} trials are kept; go on with: queuemark run --resume {session.id[:8]}"
    )


def judge(document: SessionDocument) -> None:
    """Nothing when delivery was proved wherever it could be.

    Raises: NotProved when a trial that was set up failed; QueuemarkError when the system refused to set one up;
    UsageError when the runner refused every case; NothingAvailable when none could run.
    """
    trials = [(case.case, trial) for case in document.cases for trial in case.trials]
    failed = [(case, trial) for case, trial in trials if trial.state == "failed"]
    unproved = [(case, trial) for case, trial in failed if not _not_set_up(trial)]
    if unproved:
        raise NotProved(_told(document, unproved, "did not prove their delivery"))
    if failed:
        raise QueuemarkError(_told(document, failed, "could not be set up"))
    if all((trial.reason or "").startswith(REFUSAL) for _, trial in trials):
        reasons = dict.fromkeys(_why(trial) for _, trial in trials)
        raise UsageError(f"no case could run as it was asked: {'; '.join(reasons)}")
    if not any(trial.state == "ok" for _, trial in trials):
        reasons = dict.fromkeys(f"{case.transport}: {_why(trial)}" for case, trial in trials)
        raise NothingAvailable(f"nothing that was asked for could run here: {'; '.join(reasons)}")


def require_interval(plan: Plan) -> None:
    """Raises: UsageError where so few repeats are planned that nothing could be said of noise."""
    if plan.repeats < TRIALS_LOW:
        raise UsageError(
            f"--strict judges intervals, for which {TRIALS_LOW} repeats are needed; take --repeats {TRIALS_LOW} or more"
        )


def judge_noise(document: SessionDocument) -> None:
    """Raises: TooNoisy when the interval of a case reaches too far, with the widest and what disturbed."""
    found = too_noisy(document)
    if not found:
        return
    rated = sum(result.rate_per_s is not None for result in document.cases)
    widest, *_ = found
    label = CaseLabels(document.session.plan.cases)(widest.case)
    causes = noise_texts(document) or ["nothing noisy was found in the machine; see: queuemark doctor"]
    raise TooNoisy(
        f"too noisy: {len(found)} of {counted(rated, 'case')}, the widest {label}: {_reach(widest)}, "
        f"allowed are {as_percent(WITHIN_HIGH)}; {'; '.join(causes)}"
    )


def _reach(unsteady: Unsteady) -> str:
    if unsteady.within is None:
        return "too few of its trials have a rate for an interval"
    return f"its 95 % interval reaches {as_percent(unsteady.within)} from its median"


def _not_set_up(trial: Trial) -> bool:
    """What fails once messages flow has no remedy to offer; see runners.trial."""
    return trial.sent == 0 and trial.remedy is not None


def _told(document: SessionDocument, ended: Sequence[tuple[Case, Trial]], how: str) -> str:
    """How many ended so, and the first of them in full."""
    total = sum(len(case.trials) for case in document.cases)
    case, trial = ended[0]
    label = CaseLabels(document.session.plan.cases)(case)
    see = f"see: queuemark show {document.session.id[:8]}"
    return f"{len(ended)} of {total} trials {how}, the first {label}: {_why(trial)}; {see}"


def _why(trial: Trial) -> str:
    reason = trial.reason or "no reason was given"
    return f"{reason}; {trial.remedy}" if trial.remedy else reason
