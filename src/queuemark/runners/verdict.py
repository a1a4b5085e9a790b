"""Is a result that a runner calls ``ok`` consistent with itself, with what was asked, and with the clock?

The sums are made again, by the rules of model.trial and model.agreement that stored and submitted trials are judged by,
too: a runner is believed only as far as its counts agree with each other (M1) and with what was asked.
Each check is one function from a claim to the first contradiction in words, or None.
"""

from __future__ import annotations

__all__ = ["Claim", "contradiction"]

from collections.abc import Callable

import msgspec

from queuemark.model import trial
from queuemark.model.agreement import broken_promise, disagreement, missing_role
from queuemark.model.events import Result
from queuemark.model.transport import Facts
from queuemark.runners.contract import TrialRequest


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A result of state ``ok``, what was asked for, and the caller's own clock."""

    result: Result
    request: TrialRequest
    facts: Facts
    wall_ns: int


def contradiction(claim: Claim) -> str | None:
    """The first reason not to believe an ``ok`` result, or None."""
    for check in _CHECKS:
        found = check(claim)
        if found is not None:
            return found
    return None


def _roles(claim: Claim) -> str | None:
    return missing_role(claim.result, claim.request.case.workload)


def _counts(claim: Claim) -> str | None:
    return trial.contradiction(claim.result, claim.request.case.workload)


def _agreed(claim: Claim) -> str | None:
    return disagreement(claim.result, claim.request.case.workload)


def _seed(claim: Claim) -> str | None:
    asked, used = claim.request.seed, claim.result.seed
    return None if used in (0, asked) else f"the seed was {asked}, the result is of seed {used}"


def _clock(claim: Claim) -> str | None:
    window_ns = claim.result.window_ns
    if 0 < window_ns <= claim.wall_ns:
        return None
    return f"a window of {window_ns} ns does not fit into the trial's {claim.wall_ns} ns"


def _lossless(claim: Claim) -> str | None:
    return broken_promise(claim.result, claim.facts)


def _fault(claim: Claim) -> str | None:
    asked, injected = claim.request.inject, claim.result.injected
    if injected is None:
        return f"the fault {asked} was asked for and not made" if asked else None
    if injected.fault != asked:
        return f"the fault {injected.fault} was made, asked was {asked or 'none'}"
    if claim.facts.lossless:
        return f"the fault {asked} was made and nothing was noticed"
    return None


_CHECKS: tuple[Callable[[Claim], str | None], ...] = (_roles, _counts, _lossless, _fault, _seed, _clock, _agreed)
