"""A session on this machine, from its beginning or from where it was interrupted, to its end.

1. Every trial is in the store before the next begins; whatever ends this process, what was finished is kept.
2. An interrupted session goes on in the same order and repeats nothing; it goes on only where it began.
"""

from __future__ import annotations

__all__ = ["begin", "carry_out", "check_room", "resume"]

import shutil
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from queuemark import __version__
from queuemark.analysis.stopping import Stopping
from queuemark.brokers.registry import Servers
from queuemark.cli.interrupts import asking_to_stop
from queuemark.cli.progress import Progress
from queuemark.cli.searching import judged
from queuemark.measure.doctor import diagnose
from queuemark.measure.execute import execute
from queuemark.measure.machine import read_machine
from queuemark.measure.messages import read_messages
from queuemark.measure.schedule import pending
from queuemark.measure.search import extended
from queuemark.model.errors import QueuemarkError, UsageError
from queuemark.model.machine import SAME, Machine
from queuemark.model.plan import Case, Plan
from queuemark.model.session import Session
from queuemark.model.trial import Trial
from queuemark.model.units import format_bytes
from queuemark.runners.probe import probe
from queuemark.runners.registry import Offer, Survey
from queuemark.runners.stop import Stop
from queuemark.store import Store

_ROOM_LOW_BYTES = 1024 * 1024
_TRIAL_BYTES = 32 * 1024
"""Most of it are the buckets of its latencies."""
_CONSUMER_BYTES = 1024


def begin(store: Store, plan: Plan, found: Survey) -> Session:
    """A new session, stored, with what its machine is found to be and what its transports promise."""
    machine = read_machine()
    session = Session(
        id=uuid.uuid4().hex,
        created_at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        version=__version__,
        seed=plan.seed,
        machine=machine,
        findings=diagnose(machine),
        plan=plan,
        facts={offer.transport.name: offer.transport.facts for offer in _planned(plan, found)},
    )
    store.begin(session)
    return session


def resume(store: Store, name: str | None, servers: Servers) -> Session:
    """The named session, or the newest that was interrupted; it is running again unless it is complete.

    Raises: UsageError when there is none, or when it cannot go on here.
    """
    if name is None:
        interrupted = (summary.id for summary in store.sessions() if summary.state == "interrupted")
        name = next(interrupted, "last")
    session = store.find(name)
    if session.state != "complete":
        _check_machine(session, read_machine())
        _check_messages(session)
        _check_servers(store, session, servers)
        store.reopen(session.id)
    return session


def carry_out(
    store: Store,
    session: Session,
    found: Survey,
    stall_s: float,
    console: Console,
    *,
    probes: bool = True,
    servers: Servers | None = None,
) -> bool:
    """Runs what the session still lacks, and what its search comes to; True when it is complete, False when it was
    stopped.

    probes: whether the machine is probed before the first trial, where it was not before, and behind the last.
    servers: where brokers are; None: each is started.
    """
    try:
        through = not probes or bool(session.probes_before) or _probe(store, session, found, "probes_before")
        through = through and _run(store, session, found, stall_s, console, servers)
        while through and _extend(store, session):
            through = _run(store, session, found, stall_s, console, servers)
        if probes and through:
            _probe(store, session, found, "probes_after")
    except BaseException:
        # A store that just refused a trial may refuse this too; the first reason is the one to tell.
        with suppress(QueuemarkError):
            store.finish(session.id, "interrupted")
        raise
    store.finish(session.id, "complete" if through else "interrupted")
    return through


def _run(
    store: Store, session: Session, found: Survey, stall_s: float, console: Console, servers: Servers | None
) -> bool:
    """Runs what the plan still lacks; False when it was stopped."""
    stopping = _stopping(store, session)

    def keep(case: Case, trial: Trial) -> None:
        store.add_trial(session.id, case, trial)
        stopping.add(case, trial)

    done = store.done(session.id)
    slots = pending(session.plan, done)
    with Stop() as stop, asking_to_stop(stop), Progress(console, slots) as progress:
        return execute(
            session.plan,
            found.by_runtime(),
            session_id=session.id,
            done=done,
            on_trial=keep,
            on_progress=progress,
            stop=stop,
            enough=stopping.enough,
            stall_s=stall_s,
            servers=servers,
        )


def _extend(store: Store, session: Session) -> bool:
    """The session's plan grows by what its search tries next; False when there is nothing."""
    if session.plan.search is None:
        return False
    plan = extended(session.plan, judged(session.plan, lambda: store.document(session.id)))
    if plan is None:
        return False
    store.extend(session.id, plan)
    session.plan = plan
    return True


def _stopping(store: Store, session: Session) -> Stopping:
    """The plan's rule, with the trials that the session has already."""
    stopping = Stopping(session.plan)
    if session.plan.until_percent is not None:
        for result in store.document(session.id).cases:
            for trial in result.trials:
                stopping.add(result.case, trial)
    return stopping


def _probe(store: Store, session: Session, found: Survey, when: str) -> bool:
    """Keeps what the first runner of the plan that has probes says of this machine; False when it was stopped."""
    planned = _planned(session.plan, found)
    session.costs = {offer.transport.name: cost for offer in planned if (cost := offer.transport.facts.cost)}
    with Stop() as stop, asking_to_stop(stop):
        said = (probe(command, stop=stop, quick=True) for command in dict.fromkeys(offer.command for offer in planned))
        setattr(session, when, next((probes for probes in said if probes), []))
        store.keep_probes(session)
        return not stop.asked


def _planned(plan: Plan, found: Survey) -> list[Offer]:
    """What is offered for the plan's cases, in their order."""
    offers = found.by_runtime()
    keys = dict.fromkeys((case.transport, case.runtime) for case in plan.cases)
    return [offers[key] for key in keys if key in offers]


def check_room(directory: Path, plan: Plan) -> None:
    """Raises: QueuemarkError when the disk has no room for what the plan will record, a cautious guess."""
    rates = max(1, plan.search.rates_high if plan.search is not None else 1)
    cases = sum(_TRIAL_BYTES + _CONSUMER_BYTES * case.workload.consumers for case in plan.cases)
    trials = cases * plan.repeats * rates
    needed, free = _ROOM_LOW_BYTES + trials, shutil.disk_usage(directory).free
    if free < needed:
        raise QueuemarkError(
            f"the data directory {directory} has {format_bytes(free)} free, this session may need "
            f"{format_bytes(needed)}; make room or set QUEUEMARK_DATA_DIR to another place"
        )


def _check_machine(session: Session, here: Machine) -> None:
    for fact in SAME:
        then, now = getattr(session.machine, fact), getattr(here, fact)
        if then != now:
            raise UsageError(
                f"session {session.id[:8]} cannot go on here: {fact} was {then!r} and is {now!r}, and trials of one "
                "session are compared with each other; start a new one"
            )


def _check_servers(store: Store, session: Session, servers: Servers) -> None:
    """Raises: UsageError when what is left would go through other servers than what is done, or through none."""
    kinds = {facts.broker for facts in session.facts.values()}
    servers.check_needed(kinds)
    if kinds - {None}:
        trials = (trial for result in store.document(session.id).cases for trial in result.trials)
        servers.check_same(trial.broker for trial in trials if trial.broker is not None)


def _check_messages(session: Session) -> None:
    plan = session.plan
    source = next((case.workload.messages for case in plan.cases if case.workload.messages), None)
    if source is None:
        return
    if plan.messages_path is None:
        raise UsageError(f"session {session.id[:8]} does not say where its messages {source.name} lie; start a new one")
    if read_messages(Path(plan.messages_path), source.format).sha256 != source.sha256:
        raise UsageError(f"messages {plan.messages_path} changed since session {session.id[:8]} began; start a new one")
