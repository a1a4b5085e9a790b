"""Sessions, cases and trials as the four native transports give them, for tests that need some."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from queuemark.model.machine import Machine
from queuemark.model.plan import Case, Plan
from queuemark.model.session import SCHEMA, CaseResult, Session, SessionDocument
from queuemark.model.transport import Listing, Transport
from queuemark.model.trial import ConsumerCounts, ProducerCounts, Trial, figures
from queuemark.model.workload import Workload

SESSION_ID = "0123456789abcdef0123456789abcdef"

RUNNER_LIST = Path(__file__).parent / "golden" / "runner-list.json"


def transports() -> dict[str, Transport]:
    """The four native transports, as a machine offers them where all are available."""
    listing = msgspec.json.decode(RUNNER_LIST.read_bytes(), type=Listing)
    return {transport.name: transport for transport in listing.transports}


def machine() -> Machine:
    return Machine(
        system="Linux",
        release="6.1.0-28-amd64",
        architecture="x86_64",
        distribution="Debian GNU/Linux 12 (bookworm)",
        cpu_model="AMD EPYC 7B13",
        cpus=[0, 1],
        cores=2,
        threads_per_core=1,
        numa_nodes=1,
        memory_bytes=25_281_011_712,
        caches_bytes={"L1d": 32768, "L2": 524288, "L3": 33554432},
        hypervisor="KVM",
        clock_source="tsc",
        smt=False,
        mitigations={"spectre_v2": "Mitigation: Retpolines"},
        limits={"fs.mqueue.msg_max": 10, "fs.pipe-max-size": 1048576, "RLIMIT_NOFILE": 1024},
        load_1min=0.25,
        python="3.11.2",
    )


def case(transport: str = "tcp", *, params: dict[str, int | str] | None = None, **workload: Any) -> Case:
    """A case with the transport's defaults; keywords change its workload."""
    known = transports()[transport]
    load: dict[str, Any] = {"size_bytes": 64, "consumers": 1, "dispatch": known.facts.dispatches[0]}
    if "items" not in workload:
        load["duration_s"] = 0.2
    return Case(
        transport=transport,
        runtime="native",
        params={**known.defaults(), **(params or {})},
        workload=Workload(**{**load, **workload}),
    )


def _shares(load: Workload, delivered: int, lost: int) -> list[int]:
    """What each consumer was delivered."""
    if load.pattern == "fanout":
        sent, rest = divmod(delivered + lost, load.consumers)
        assert rest == 0, "a fan-out sends as many to each"
        return [sent - lost, *[sent] * (load.consumers - 1)]
    return [delivered // load.consumers + (index < delivered % load.consumers) for index in range(load.consumers)]


def trial(of: Case, repeat: int = 0, *, delivered: int = 120_000, lost: int = 0, **changed: Any) -> Trial:
    """An ``ok`` trial whose counts agree; keywords change the trial's own fields.

    delivered: in sum; accepted, where nobody receives. lost: of the first consumer's; a fan-out sends as many to each,
    so the two add up to a multiple.
    """
    load = of.workload
    framed = load.size_bytes + (4 if load.dispatch == "deal" else 0)
    carried, sent = delivered + lost, (delivered + lost) // max(1, load.copies)
    delivered = delivered if load.consumers else 0
    shares = _shares(load, delivered, lost) if load.consumers else []
    window_ns = 200_000_000 + repeat * 1_000_000
    consumers = [
        ConsumerCounts(
            index=index,
            cpus=[(index + 1) % 2],
            dealt=share + lost * (index == 0) if load.dispatch == "deal" else None,
            delivered=share,
            lost=lost * (index == 0) if load.dispatch == "deal" else 0,
            duplicated=0,
            reordered=0,
            corrupted=0,
            checked=share,
            window_ns=window_ns - index * 1000,
            calls=share // 4 + 1,
            bytes_received=share * framed,
            cpu_ns=90_000_000,
            switches_voluntary=210,
            switches_involuntary=3,
            peak_memory_bytes=1_900_544,
        )
        for index, share in enumerate(shares)
    ]
    producer = ProducerCounts(
        cpus=[0],
        sent=sent,
        calls=carried,
        bytes_sent=carried * framed,
        cpu_ns=180_000_000,
        switches_voluntary=40,
        switches_involuntary=7,
        peak_memory_bytes=2_031_616,
    )
    made = Trial(
        state="ok",
        repeat=repeat,
        position=repeat,
        run_id=f"{SESSION_ID[:8]}-{repeat}",
        started_at=f"2026-03-01T12:00:{repeat:02d}.250000Z",
        seed=7_000_000_000_000_000_000 + repeat,
        sent=sent,
        delivered=delivered,
        round_trips=sent if load.pattern == "pingpong" else 0,
        lost=lost,
        checked=delivered,
        calls=producer.calls + sum(consumer.calls for consumer in consumers),
        cpu_ns=producer.cpu_ns + sum(consumer.cpu_ns for consumer in consumers),
        switches_voluntary=40 + 210 * load.consumers,
        switches_involuntary=7 + 3 * load.consumers,
        bytes_on_wire=producer.bytes_sent,
        message_bytes=delivered * load.size_bytes,
        window_ns=window_ns,
        send_window_ns=window_ns - 400_000,
        outside_ns=14_000_000,
        peak_memory_bytes=2_031_616 + 1_900_544 * load.consumers,
        oversubscribed=load.consumers > 1,
        granted=dict(of.params),
        producer=producer,
        consumers=consumers,
    )
    for name, value in changed.items():
        setattr(made, name, value)
    return made


def said_trial(of: Case, repeat: int = 0, *, items: int = 1_000_000, window_ns: int = 2_500_000_000) -> Trial:
    """A trial of which nobody counted anything: only how long so many messages took was said."""
    return Trial(
        state="ok", proved=False, repeat=repeat, position=repeat, sent=items, delivered=items, window_ns=window_ns
    )


def session(*cases: Case, id: str = SESSION_ID, repeats: int = 3, **changed: Any) -> Session:
    made = Session(
        id=id,
        created_at="2026-03-01T12:00:00Z",
        version="0.1.0",
        seed=42,
        state="running",
        machine=machine(),
        plan=Plan(command="queuemark run", repeats=repeats, seed=42, cases=list(cases)),
    )
    for name, value in changed.items():
        setattr(made, name, value)
    return made


def document(*results: tuple[Case, list[Trial]], **changed: Any) -> SessionDocument:
    """A complete session with these cases and their trials."""
    held = session(*(of for of, _ in results), **{"state": "complete", **changed})
    cases = [CaseResult(case=of, trials=[figures(made, of.workload) for made in trials]) for of, trials in results]
    return SessionDocument(schema=SCHEMA, session=held, cases=cases)
