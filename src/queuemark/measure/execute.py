"""Runs what a plan still lacks, one trial at a time.

1. One trial at a time; each is handed over, to be kept, before the next begins.
2. What is done is not done again: a plan that was interrupted goes on where it stopped, in the same order.
3. A stop ends the current trial at once; it is then not recorded.
4. A case over a link gets one that is made here, kept for the other cases over it, and gone with the execution.
5. A case through a broker gets a server of its own for each trial, started for it unless one that runs was named; what
   the server says of its consumers counts.
6. What is unavailable gives one ``unavailable`` trial a repeat, with reason and remedy, without running anything.
"""

from __future__ import annotations

__all__ = ["Step", "execute"]

import os
import secrets
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from queuemark.brokers.broker import BrokerUnavailable, Server
from queuemark.brokers.registry import Servers, crossed_out
from queuemark.measure.conditions import Surroundings
from queuemark.measure.link import Links, LinkUnavailable
from queuemark.measure.schedule import Slot, pending
from queuemark.model.broker import BrokerUse
from queuemark.model.events import Event, Tick
from queuemark.model.plan import Case, Plan, trial_seed
from queuemark.model.transport import Facts, Transport
from queuemark.model.trial import Trial
from queuemark.runners.contract import STALL_DEFAULT_S, TrialRequest, deadline_for_s
from queuemark.runners.registry import Offer
from queuemark.runners.stop import Stop
from queuemark.runners.trial import perform


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened in a slot: it began, it ticked, it ended with a trial, or its case had enough without it.

    number: 1-based among the trials of this execution, of total.
    """

    slot: Slot
    number: int
    total: int
    tick: Tick | None = None
    trial: Trial | None = None
    passed_over: bool = False


def execute(
    plan: Plan,
    offers: Mapping[tuple[str, str], Offer],
    *,
    session_id: str,
    done: Set[tuple[str, int]],
    on_trial: Callable[[Case, Trial], None],
    stop: Stop,
    on_progress: Callable[[Step], None] | None = None,
    enough: Callable[[Case], bool] | None = None,
    stall_s: float = STALL_DEFAULT_S,
    servers: Servers | None = None,
) -> bool:
    """Runs every trial that is not done; True when the plan is through, False when it was stopped.

    offers: by (transport, runtime). done: (case_key, repeat). enough: asked before each trial; a case that has
    enough gets no further repeat. servers: where brokers are; None: each is started.

    Raises: what on_trial and on_progress raise; nothing for what a runner does.
    """
    slots = pending(plan, done)
    with Links() as links:
        places = _Places(links=links, servers=servers or Servers())
        for number, slot in enumerate(slots, start=1):
            if stop.asked:
                return False
            step = Step(slot=slot, number=number, total=len(slots))
            if enough is not None and enough(slot.case):
                _tell(on_progress, msgspec.structs.replace(step, passed_over=True))
                continue
            _tell(on_progress, step)
            trial = _attempt(plan, slot, offers, places, session_id, stop, stall_s, _ticker(on_progress, step))
            if trial is None:
                return False
            on_trial(slot.case, trial)
            _tell(on_progress, msgspec.structs.replace(step, trial=trial))
    return True


@dataclass(frozen=True)
class _Places:
    """Where trials are made that need more than this host's loopback."""

    links: Links
    servers: Servers


def _attempt(
    plan: Plan,
    slot: Slot,
    offers: Mapping[tuple[str, str], Offer],
    places: _Places,
    session_id: str,
    stop: Stop,
    stall_s: float,
    on_event: Callable[[Event], None] | None,
) -> Trial | None:
    offer = offers.get((slot.case.transport, slot.case.runtime))
    if offer is None or not offer.transport.available:
        return _unavailable(plan, slot, *_missing(slot.case, offer.transport if offer else None))
    try:
        link = places.links.opened(slot.case.workload.link) if slot.case.workload.link is not None else None
    except LinkUnavailable as error:
        if stop.asked:  # a Ctrl-C reaches what makes the link, too
            return None
        return _unavailable(plan, slot, str(error), error.remedy)
    request = TrialRequest(
        case=slot.case,
        # Drawn anew each time: what a killed trial left behind never meets its successor's names.
        run_id=f"{session_id[:16]}-{slot.position}-{secrets.token_hex(3)}",
        seed=trial_seed(plan.seed, slot.case, slot.repeat),
        inject=plan.inject,
        messages_path=plan.messages_path,
        stall_s=stall_s,
        deadline_s=deadline_for_s(slot.case, stall_s),
        parent_pid=os.getpid(),
        ends=link.ends if link is not None else None,
    )
    command = (*(link.before if link is not None else ()), *offer.command)
    surroundings = Surroundings()
    try:
        trial = _served(request, command, offer.transport.facts, places.servers, stop, on_event)
    except BrokerUnavailable as error:
        return _unavailable(plan, slot, error.lack.reason, error.lack.remedy)
    if trial is None:
        return None
    return msgspec.structs.replace(
        trial,
        repeat=slot.repeat,
        position=slot.position,
        steal_ns=surroundings.steal_ns(),
        conditions=surroundings.conditions(),
    )


def _served(
    request: TrialRequest,
    command: tuple[str, ...],
    facts: Facts,
    servers: Servers,
    stop: Stop,
    on_event: Callable[[Event], None] | None,
) -> Trial | None:
    """One trial, with a server for as long as it lasts where one is needed; None when it was stopped.

    Raises: BrokerUnavailable.
    """
    if facts.broker is None:
        return perform(command, request, facts, stop=stop, on_event=on_event)
    with servers.serve(facts.broker, request.case.params) as server:
        placed = msgspec.structs.replace(request, server=server.url)
        trial = perform(command, placed, facts, stop=stop, on_event=on_event)
        if trial is None:
            return None
        servers.check_settings(facts.broker, request.case.params, trial.granted)
        return _with_use(trial, server)


def _with_use(trial: Trial, server: Server) -> Trial:
    """The trial, with what its server says of it, whatever else was seen: that it cut consumers off, or ended.

    Where somebody else's server is, and who may use it, is not kept.
    """
    used, fate = server.used(trial.granted), server.fate()
    told = msgspec.structs.replace(trial, broker=used, oversubscribed=trial.oversubscribed or _crowds(trial, used))
    if not used.started:
        words = {name: getattr(trial, name) for name in ("reason", "remedy")}
        kept = {name: crossed_out(text, server.url) for name, text in words.items() if text}
        told = msgspec.structs.replace(told, **kept)
    said = [f"the server {fate}"] if fate is not None else []
    if used.slow_consumers:
        said += [f"the server cut off what was too slow, {used.slow_consumers} by its count"]
    if not said or (trial.state == "unavailable" and fate is None):
        return told
    reasons = [told.reason, *said] if told.reason else said
    return msgspec.structs.replace(told, state="failed", reason="; ".join(reasons))


def _crowds(trial: Trial, used: BrokerUse) -> bool:
    """Whether a server that was started here waits for a cpu with the trial's roles, or one of them for it."""
    roles = 1 + len(trial.consumers)
    return used.started and trial.producer is not None and roles + 1 > len(os.sched_getaffinity(0))


def _missing(case: Case, transport: Transport | None) -> tuple[str, str | None]:
    """Why a case cannot run here, and what to do."""
    if transport is None:
        reason = f"no runner here offers {case.transport} in runtime {case.runtime}"
        return reason, "see 'queuemark list' for what there is"
    return transport.reason or "its runner gives no reason", transport.remedy


def _unavailable(plan: Plan, slot: Slot, reason: str, remedy: str | None) -> Trial:
    return Trial(
        state="unavailable",
        reason=reason,
        remedy=remedy or None,
        repeat=slot.repeat,
        position=slot.position,
        started_at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        seed=trial_seed(plan.seed, slot.case, slot.repeat),
    )


def _tell(on_progress: Callable[[Step], None] | None, step: Step) -> None:
    if on_progress is not None:
        on_progress(step)


def _ticker(on_progress: Callable[[Step], None] | None, step: Step) -> Callable[[Event], None] | None:
    if on_progress is None:
        return None

    def tick(event: Event) -> None:
        if isinstance(event, Tick):
            on_progress(msgspec.structs.replace(step, tick=event))

    return tick
