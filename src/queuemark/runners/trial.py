"""One trial of one runner, from the request to the Trial that is kept.

1. A Trial is ``ok`` only when the runner says so, ended with 0, kept the contract and contradicts itself nowhere.
2. A case that the runner refuses before it begins is ``unavailable``, with the runner's words as the reason.
3. Everything else that a runner does makes a ``failed`` Trial with the reason; what was counted is kept beside it.
4. A failed Trial that sent nothing and has a remedy was never set up: the system refused, delivery was not at stake.
5. outside_ns is measured here: the runner's whole wall time less its window. steal_ns is the caller's to add.
"""

from __future__ import annotations

__all__ = ["REFUSAL", "perform"]

import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from queuemark.model.events import Event, Result
from queuemark.model.transport import Facts
from queuemark.model.trial import Trial
from queuemark.runners.contract import TrialRequest, trial_arguments
from queuemark.runners.process import CannotStart, Ending, watch
from queuemark.runners.stop import Stop
from queuemark.runners.verdict import Claim, contradiction

_OWN_DEADLINE_S = 5.0
"""The runner keeps the deadline itself; the caller waits this much longer for it to say so."""

REFUSAL = "the runner refused this case"
"""How the reason begins when the runner understood the case and will not do it."""

_SYSTEM_ERROR = 1
_SYSTEM_REMEDY = "nothing was sent: mend what the system names and run it again"
_REFUSED = 2
_EXIT_CODES = {"ok": (0,), "failed": (1, 4), "unavailable": (3,)}
_COUNTED = tuple(
    name
    for name in Trial.__struct_fields__
    if name in Result.__struct_fields__ and name not in ("state", "reason", "remedy", "run_id", "seed", "outside_ns")
)


def perform(
    command: tuple[str, ...],
    request: TrialRequest,
    facts: Facts,
    *,
    stop: Stop,
    on_event: Callable[[Event], None] | None = None,
) -> Trial | None:
    """Runs one trial to its end; None when it was stopped (what was half done is no trial).

    Raises: nothing for what a runner does; whatever on_event raises.
    """
    started_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    known: dict[str, Any] = {"run_id": request.run_id, "seed": request.seed, "started_at": started_at}
    try:
        ending = watch(
            (*command, *trial_arguments(request)),
            run_id=request.run_id,
            deadline_s=request.deadline_s + _OWN_DEADLINE_S,
            stop=stop,
            on_event=on_event,
        )
    except CannotStart as error:
        return Trial(state="failed", reason=str(error), remedy=error.remedy, **known)
    if ending.stopped:
        return None
    if _refused(ending):
        return Trial(state="unavailable", reason=f"{REFUSAL}{_said(ending)}", **known)
    reason = _breach(ending, request.deadline_s) or _disbelief(ending, request, facts)
    return _trial(ending, reason, known)


def _trial(ending: Ending, reason: str | None, known: dict[str, Any]) -> Trial:
    result = ending.result
    if result is None:
        return Trial(state="failed", reason=reason, outside_ns=ending.wall_ns, **known)
    counted = {name: getattr(result, name) for name in _COUNTED}
    state = "failed" if reason is not None else result.state
    return Trial(
        state=state,
        reason=reason or result.reason or (None if state == "ok" else "the runner gave no reason"),
        remedy=result.remedy or (_SYSTEM_REMEDY if _not_set_up(ending, reason) else None),
        outside_ns=max(0, ending.wall_ns - result.window_ns),
        **counted,
        **known,
    )


def _not_set_up(ending: Ending, breach: str | None) -> bool:
    """The system refused something before the first message; nothing is said about delivery."""
    result = ending.result
    failed = result is not None and result.state == "failed" and result.sent == 0
    return failed and breach is None and ending.exit_code == _SYSTEM_ERROR


def _refused(ending: Ending) -> bool:
    """It understood the case and cannot do it: a combination of parameters that facts alone do not rule out."""
    return ending.exit_code == _REFUSED and ending.result is None and ending.breach is None and not ending.timed_out


def _breach(ending: Ending, deadline_s: float) -> str | None:
    """How the runner broke its contract, the plainest sign first, or None."""
    if ending.timed_out:
        return f"the runner did not end within {deadline_s:g} s and was killed{_said(ending)}"
    if ending.breach is not None:
        return f"the runner {ending.breach}"
    if ending.exit_code < 0:
        return f"the runner was killed by {_signal_name(-ending.exit_code)}{_said(ending)}"
    if ending.left_behind:
        return "the runner ended and left processes behind that held its output; they were killed"
    if ending.result is None:
        return f"the runner ended without a result, with exit code {ending.exit_code}{_said(ending)}"
    if ending.exit_code not in _EXIT_CODES[ending.result.state]:
        return f"the runner's result is {ending.result.state} but its exit code is {ending.exit_code}{_said(ending)}"
    return None


def _disbelief(ending: Ending, request: TrialRequest, facts: Facts) -> str | None:
    if ending.result is None or ending.result.state != "ok":
        return None
    claim = Claim(result=ending.result, request=request, facts=facts, wall_ns=ending.wall_ns)
    found = contradiction(claim)
    return None if found is None else f"the runner's result contradicts itself or what was asked: {found}"


def _said(ending: Ending) -> str:
    """The last line that it wrote for people, which often names the cause."""
    lines = ending.stderr_tail.splitlines()
    return f"; it said: {lines[-1][:300]}" if lines else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
