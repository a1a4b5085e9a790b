"""The results of the original program, queueable, and the sessions that they are here.

1. A batch is a session. What it says was not counted by anybody: each of its trials is not proved.
2. A run is a trial of 1,000,000 messages; runs of one cell are its repeats, in their order.
3. What the file does not say is not made up: no cpus, no processor, no placement; the time is that of its arrival.
4. A batch's uhash was the original's password for editing; what is published here does not tell it.
"""

from __future__ import annotations

__all__ = ["ITEMS", "METHODS", "Batch", "Method", "OriginalResults", "Run", "session_id_of", "session_of"]

import hashlib
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from queuemark.model.machine import Machine
from queuemark.model.plan import Case, Plan
from queuemark.model.session import SCHEMA, CaseResult, Session, SessionDocument
from queuemark.model.transport import ParamValue
from queuemark.model.trial import Trial, figures
from queuemark.model.workload import Workload

ITEMS = 1_000_000
"""Messages of a run, whatever its size and its consumers."""

RUNTIME = "queueable"


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """How the original used one of its backends, in the words of a case."""

    transport: str
    dispatch: str
    policy: str
    params: dict[str, ParamValue] = {}


METHODS = {
    "TCP Socket": Method(transport="tcp", dispatch="deal", policy="split", params={"deal_items": 1000, "nodelay": 0}),
    "Unix Domain Stream Socket": Method(
        transport="unix-stream", dispatch="deal", policy="split", params={"deal_items": 1000}
    ),
    "Unix Domain Datagram Socket": Method(
        transport="unix-dgram", dispatch="deal", policy="each", params={"deal_items": 1000}
    ),
    "POSIX Message Queue": Method(transport="mq-posix", dispatch="compete", policy="each"),
}
"""By the name that a file has for it. Streams: length and body in two calls; sockets: 1000 messages to each consumer
in turn; the queue: all consumers take from it."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """backend: a key of METHODS. threads: consumer processes. seconds: from the first fork to the last child's end."""

    backend: str
    threads: int
    seconds: Decimal
    msg_size: int


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    uhash: str
    runs: list[Run]


class OriginalResults(msgspec.Struct, frozen=True, kw_only=True):
    """One file. sysname, release, version, machine: as uname(2) has them."""

    sysname: str
    release: str
    version: str | None
    machine: str
    batches: list[Batch]


def session_id_of(uhash: str) -> str:
    """The same for the same batch, and no way back to its password but by guessing."""
    return hashlib.sha256(f"queueable {uhash}".encode()).hexdigest()[:32]


def session_of(results: OriginalResults, batch: Batch, received_at: str) -> SessionDocument:
    """received_at: ISO 8601, UTC."""
    cases = _cases(batch.runs)
    repeats = max(len(result.trials) for result in cases)
    session = Session(
        id=session_id_of(batch.uhash),
        created_at=received_at,
        version=RUNTIME,
        seed=0,
        state="complete",
        machine=Machine(
            system=results.sysname,
            release=results.release,
            version=results.version,
            architecture=results.machine,
            cpus=[],
        ),
        plan=Plan(command=RUNTIME, repeats=repeats, seed=0, cases=[result.case for result in cases]),
    )
    return SessionDocument(schema=SCHEMA, session=session, cases=cases)


def _cases(runs: Iterable[Run]) -> list[CaseResult]:
    """In the order in which they come up first."""
    found: dict[tuple[str, int, int], CaseResult] = {}
    for position, run in enumerate(runs):
        cell = run.backend, run.threads, run.msg_size
        result = found.setdefault(cell, CaseResult(case=_case(run), trials=[]))
        trial = _trial(run, position, repeat=len(result.trials))
        result.trials.append(figures(trial, result.case.workload))
    return list(found.values())


def _case(run: Run) -> Case:
    method = METHODS[run.backend]
    load = Workload(
        size_bytes=run.msg_size,
        consumers=run.threads,
        dispatch=method.dispatch,
        policy=method.policy,
        placement="free",
        items=ITEMS,
        warmup_s=0.0,
        verify="none",
    )
    return Case(transport=method.transport, runtime=RUNTIME, params=dict(method.params), workload=load)


def _trial(run: Run, position: int, repeat: int) -> Trial:
    return Trial(
        state="ok",
        proved=False,
        repeat=repeat,
        position=position,
        sent=ITEMS,
        delivered=ITEMS,
        window_ns=int(run.seconds * 10**9),
    )
