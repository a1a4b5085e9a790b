"""What is conspicuous about a case's trials, in words: remarks that count trials, none of which is left out."""

from __future__ import annotations

__all__ = ["marked_texts", "unjudged_texts"]

from queuemark.model.progress import STEADY_HIGH
from queuemark.model.session import CaseResult, Marks, Mode, SessionDocument
from queuemark.model.units import format_rate
from queuemark.views.numbers import as_percent, counted


def marked_texts(result: CaseResult) -> list[str]:
    """result: with estimates; a line for each kind of mark."""
    marks = result.marks
    if marks is None:
        return []
    told = [
        _unsteady(marks),
        _outlying(marks, len(result.trials)),
        _two_modes(marks.modes),
        _too_wide(marks, len(result.trials)),
    ]
    return [each for each in told if each is not None]


def _unsteady(marks: Marks) -> str | None:
    if not marks.unsteady:
        return None
    return (
        f"no steady state in {len(marks.unsteady)} of {counted(marks.judged, 'trial')}: over the last windows the rate "
        f"varied by {as_percent(STEADY_HIGH)} or more"
    )


def _outlying(marks: Marks, trials: int) -> str | None:
    if not marks.outliers:
        return None
    return f"{len(marks.outliers)} of {counted(trials, 'trial')} far from the others, and counted all the same"


def _two_modes(modes: list[Mode]) -> str | None:
    if not modes:
        return None
    told = " and ".join(f"{counted(mode.trials, 'trial')} around {format_rate(mode.rate_per_s)}" for mode in modes)
    return f"two modes: {told}; the median describes neither"


def _too_wide(marks: Marks, trials: int) -> str | None:
    if not marks.too_wide:
        return None
    return f"the interval is still wider than was asked for after {counted(trials, 'trial')}, the most"


def unjudged_texts(document: SessionDocument) -> list[str]:
    """How many trials have a rate of which nobody can say whether it was steady; nothing when there are none."""
    proved = [trial for result in document.cases for trial in result.trials if trial.delivery_proved]
    rated = [trial for trial in proved if trial.rate_per_s is not None]
    unjudged = sum(trial.rate_variation is None for trial in rated)
    if not unjudged:
        return []
    which = "any trial" if unjudged == len(rated) else f"{unjudged} of {counted(len(rated), 'trial')}"
    return [f"steady state: not judged of {which}: it takes a trial of 300 ms, and more than a few messages"]
