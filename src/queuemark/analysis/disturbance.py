"""Is a session too noisy to be trusted, and what disturbed it?

1. Too noisy is a case whose interval reaches farther than 10 % from its median, or that has too few trials for an
   interval. It is the results that are judged; a noisy machine with steady results is none.
2. What disturbed is told beside it: what the machine was found to be, and what changed while the session ran.
"""

from __future__ import annotations

__all__ = ["WITHIN_HIGH", "Unsteady", "disturbances", "noisy_findings", "too_noisy"]

import msgspec

from queuemark.analysis.estimates import reach
from queuemark.model.finding import Finding
from queuemark.model.plan import Case
from queuemark.model.session import SessionDocument
from queuemark.model.trial import TrialFigures

WITHIN_HIGH = 0.10
"""A wider interval could hide what most changes of a program or a system make."""

_STOLEN_SHARE_HIGH = 0.01
_OTHERS_CPUS_HIGH = 0.1
_FREQUENCY_RATIO_HIGH = 1.1


class Unsteady(msgspec.Struct, frozen=True, kw_only=True):
    """A case that is too noisy. within: the farther end of its interval as a share of its median; null without one."""

    case: Case
    within: float | None


def too_noisy(document: SessionDocument) -> list[Unsteady]:
    """The cases that have a rate and are too noisy, the widest first; document: with estimates."""
    rated = [(result.case, reach(result.rate_per_s)) for result in document.cases if result.rate_per_s is not None]
    found = [Unsteady(case=case, within=within) for case, within in rated if within is None or within > WITHIN_HIGH]
    return sorted(found, key=lambda each: -1.0 if each.within is None else -each.within)


def noisy_findings(document: SessionDocument) -> list[Finding]:
    return [finding for finding in document.session.findings if finding.verdict == "noisy"]


def disturbances(document: SessionDocument) -> list[str]:
    """What changed or was taken away while the trials ran, in half sentences; none where nothing is known."""
    ran = [trial for result in document.cases for trial in result.trials if trial.state != "unavailable"]
    told = (_stolen(ran, len(document.session.machine.cpus)), _others(ran), _governors(ran), _frequencies(ran))
    return [text for text in told if text]


def _took_ns(trial: TrialFigures) -> int:
    return trial.window_ns + trial.outside_ns


def _stolen(trials: list[TrialFigures], cpus: int) -> str | None:
    all_ns = sum(map(_took_ns, trials)) * cpus
    share = sum(trial.steal_ns for trial in trials) / all_ns if all_ns else 0
    return f"the hypervisor took {share:.1%} of the cpus' time" if share > _STOLEN_SHARE_HIGH else None


def _others(trials: list[TrialFigures]) -> str | None:
    known = [trial for trial in trials if trial.conditions and trial.conditions.others_cpu_ns is not None]
    all_ns = sum(map(_took_ns, known))
    others_ns = sum(trial.conditions.others_cpu_ns or 0 for trial in known if trial.conditions)
    cpus = others_ns / all_ns if all_ns else 0
    return f"other programs used {cpus:.1f} cpus" if cpus > _OTHERS_CPUS_HIGH else None


def _governors(trials: list[TrialFigures]) -> str | None:
    ordered = sorted(trials, key=lambda trial: trial.position)
    seen = dict.fromkeys(trial.conditions.governor for trial in ordered if trial.conditions)
    names = [name for name in seen if name]
    return f"the governor changed: {' -> '.join(names)}" if len(names) > 1 else None


def _frequencies(trials: list[TrialFigures]) -> str | None:
    """Of the fastest cpu: the others may be idle."""
    highs = [trial.conditions.frequency_high_hz for trial in trials if trial.conditions]
    known = [high for high in highs if high]
    if not known or max(known) < min(known) * _FREQUENCY_RATIO_HIGH:
        return None
    return f"the clock ran at {min(known) / 1e9:.2f} to {max(known) / 1e9:.2f} GHz"
