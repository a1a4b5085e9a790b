"""Sessions that nobody measured, for a record to hold: plausible in size, in shape and in every count.

1. The same number gives the same session; two numbers give two that differ in machine, cases and figures.
2. Counts agree and limits hold, so that a site takes them as it takes measured ones.
3. Messages that are too small to carry a stamp have no latency, as in measured sessions; the others have histograms
   of some fifty buckets in each trial.
"""

from __future__ import annotations

__all__ = ["Shape", "made_session"]

from collections import Counter
from functools import cache
from hashlib import sha256
from itertools import product
from random import Random
from typing import Any

import msgspec

from queuemark.analysis.estimates import with_estimates
from queuemark.model.conditions import Conditions
from queuemark.model.counters import Counters
from queuemark.model.histogram import bucket_of, of_counts
from queuemark.model.latency import Latency
from queuemark.model.machine import Machine
from queuemark.model.plan import Case, Plan
from queuemark.model.probe import Probe
from queuemark.model.session import SCHEMA, CaseResult, Session, SessionDocument
from queuemark.model.transport import Cost, Way
from queuemark.model.trial import ConsumerCounts, ProducerCounts, Trial, figures
from queuemark.model.workload import Workload

TRANSPORTS = {"tcp": 1600, "unix-stream": 1500, "unix-dgram": 1900, "udp": 4200, "mq-posix": 1100, "pipe": 700}
"""What a call costs at the least, in ns."""

SIZES = tuple(2**power for power in range(13))
CONSUMERS = (1, 2, 4, 8, 12)

_SYSTEMS = [
    (f"{release}-{flavour}", cpu, cpus)
    for release in ("6.1.0-28", "6.8.0-45", "6.12.9", "6.18.2")
    for flavour in ("amd64", "generic", "cloud-amd64")
    for cpu, cpus in (
        ("AMD EPYC 7B13", 2),
        ("AMD EPYC 9654 96-Core Processor", 16),
        ("AMD Ryzen 9 7950X", 32),
        ("Intel(R) Xeon(R) Gold 6430", 64),
        ("Intel(R) Core(TM) i7-1370P", 20),
        ("Neoverse-N1", 8),
        ("Neoverse-V2", 64),
        ("Intel(R) Celeron(R) N5105", 4),
    )
]

_STAMP_BYTES = 16
_LATENCIES = 1200
_NO_COUNTERS = Counters(reason="not available here: the virtual machine hides them")


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How many values each axis of a session has; its cases are their product."""

    transports: int
    sizes: int
    consumers: int
    repeats: int

    @property
    def cases(self) -> int:
        return self.transports * self.sizes * self.consumers


def made_session(number: int, shape: Shape) -> SessionDocument:
    """A complete session, with estimates."""
    drawn = Random(number)
    session_id = sha256(f"{number}/{shape}".encode()).hexdigest()[:32]
    names = drawn.sample(sorted(TRANSPORTS), shape.transports)
    sizes, consumers = sorted(drawn.sample(SIZES, shape.sizes)), sorted(drawn.sample(CONSUMERS, shape.consumers))
    cases = [_case(*cell) for cell in product(names, sizes, consumers)]
    slowness = drawn.uniform(0.6, 2.5)
    day = f"2026-{1 + number % 12:02d}-{1 + number % 28:02d}"
    results = [_result(drawn, case, slowness, shape.repeats) for case in cases]
    for position, trial in enumerate(trial for result in results for trial in result.trials):
        trial.position, trial.started_at = position, f"{day}T13:{position // 60:02d}:{position % 60:02d}.250000Z"
    session = Session(
        id=session_id,
        created_at=f"{day}T{number % 13:02d}:{number % 60:02d}:00Z",
        version="0.1.0",
        seed=number,
        state="complete",
        machine=_machine(number),
        plan=Plan(command=f"queuemark run --seed {number}", repeats=shape.repeats, seed=number, cases=cases),
        costs={name: Cost(ways=[Way(mechanism=name)], gathers=name in ("tcp", "unix-stream")) for name in names},
        probes_before=_probes(names, slowness),
    )
    return with_estimates(SessionDocument(schema=SCHEMA, session=session, cases=results))


def _machine(number: int) -> Machine:
    release, cpu, cpus = _SYSTEMS[number % len(_SYSTEMS)]
    return Machine(
        system="Linux",
        release=release,
        architecture="aarch64" if cpu.startswith("Neoverse") else "x86_64",
        distribution="Debian GNU/Linux 12 (bookworm)",
        cpu_model=cpu,
        cpus=list(range(cpus)),
        cores=cpus,
        threads_per_core=1,
        memory_bytes=cpus * 4 * 1024**3,
        clock_source="tsc",
        mitigations={"spectre_v2": "Mitigation: Retpolines"},
        limits={"fs.mqueue.msg_max": 10, "fs.pipe-max-size": 1048576, "RLIMIT_NOFILE": 1024},
        load_1min=0.25,
        python="3.11.2",
    )


def _case(transport: str, size_bytes: int, consumers: int) -> Case:
    dealt = transport not in ("mq-posix", "pipe")
    load = Workload(
        size_bytes=size_bytes, consumers=consumers, dispatch="deal" if dealt else "compete", duration_s=0.25
    )
    return Case(transport=transport, runtime="native", params={"read_bytes": 65536}, workload=load)


def _call_ns(transport: str, bytes_: float, slowness: float) -> float:
    """What one call of so many bytes costs at the least."""
    return slowness * (TRANSPORTS[transport] + bytes_ * 0.12)


def _probes(names: list[str], slowness: float) -> list[Probe]:
    paths = [
        ({"mechanism": name, "side": side, "calls": calls, "cores": "one", "bytes": bytes_}, bytes_)
        for name, side, calls, bytes_ in product(names, ("send", "receive"), ("each", "many"), (1, 64, 1024, 4096))
    ]
    messages = [
        ({"side": side, "cores": cores, "bytes": bytes_}, bytes_)
        for side, cores, bytes_ in product(("write", "compare"), ("one", "two"), (1, 64, 4096))
    ]
    return [
        *(_probe("path", params, _call_ns(str(params["mechanism"]), bytes_, slowness)) for params, bytes_ in paths),
        *(_probe("message", params, slowness * (2 + bytes_ / 50)) for params, bytes_ in messages),
        _probe("futex", {"cores": "one"}, 3000 * slowness),
    ]


def _probe(name: str, params: dict[str, Any], value_ns: float) -> Probe:
    return Probe(
        name=name, params=params, unit="ns", value=value_ns, low=0.98 * value_ns, high=1.02 * value_ns, samples=50
    )


def _result(drawn: Random, case: Case, slowness: float, repeats: int) -> CaseResult:
    share = drawn.uniform(0.3, 0.95)
    ns = _call_ns(case.transport, case.workload.size_bytes, slowness) / share
    trials = [_trial(drawn, case, ns, repeat) for repeat in range(repeats)]
    return CaseResult(case=case, trials=[figures(trial, case.workload) for trial in trials])


def _trial(drawn: Random, case: Case, message_ns: float, repeat: int) -> Trial:
    load = case.workload
    window_ns = 250_000_000 + drawn.randrange(3_000_000)
    each = int(window_ns / (message_ns * drawn.gauss(1, 0.01)) / load.consumers)
    sent = each * load.consumers
    consumers = [_consumer(drawn, load, index, each, window_ns) for index in range(load.consumers)]
    producer = ProducerCounts(
        cpus=[0],
        sent=sent,
        calls=sent,
        bytes_sent=sent * load.size_bytes,
        cpu_ns=drawn.randrange(150_000_000, 240_000_000),
        switches_voluntary=drawn.randrange(300),
        switches_involuntary=drawn.randrange(40),
        peak_memory_bytes=2_031_616 + 4096 * drawn.randrange(40),
    )
    return Trial(
        state="ok",
        repeat=repeat,
        run_id=f"{drawn.getrandbits(64):016x}-{repeat}",
        seed=drawn.getrandbits(62),
        sent=sent,
        delivered=sent,
        checked=sent,
        calls=producer.calls + sum(consumer.calls for consumer in consumers),
        cpu_ns=producer.cpu_ns + sum(consumer.cpu_ns for consumer in consumers),
        switches_voluntary=producer.switches_voluntary + sum(consumer.switches_voluntary for consumer in consumers),
        switches_involuntary=producer.switches_involuntary
        + sum(consumer.switches_involuntary for consumer in consumers),
        bytes_on_wire=producer.bytes_sent,
        message_bytes=sent * load.size_bytes,
        window_ns=window_ns,
        send_window_ns=window_ns - drawn.randrange(400_000),
        outside_ns=drawn.randrange(14_000_000, 40_000_000),
        peak_memory_bytes=producer.peak_memory_bytes + sum(consumer.peak_memory_bytes for consumer in consumers),
        oversubscribed=load.consumers > 1,
        granted=dict(case.params),
        producer=producer,
        consumers=consumers,
        latency=_latency(drawn, message_ns) if load.size_bytes >= _STAMP_BYTES else None,
        progress=[(25_000_000 * (place + 1), sent * (place + 1) // 10) for place in range(10)],
        counters=_NO_COUNTERS,
        conditions=Conditions(load_1min=round(drawn.uniform(0.1, 2), 2), others_cpu_ns=drawn.randrange(10**8)),
    )


def _consumer(drawn: Random, load: Workload, index: int, messages: int, window_ns: int) -> ConsumerCounts:
    return ConsumerCounts(
        index=index,
        cpus=[index + 1],
        dealt=messages if load.dispatch == "deal" else None,
        delivered=messages,
        lost=0,
        duplicated=0,
        reordered=0,
        corrupted=0,
        checked=messages,
        window_ns=window_ns - drawn.randrange(100_000),
        calls=messages // 4 + 1,
        bytes_received=messages * load.size_bytes,
        cpu_ns=drawn.randrange(40_000_000, 90_000_000),
        switches_voluntary=drawn.randrange(400),
        switches_involuntary=drawn.randrange(10),
        peak_memory_bytes=1_900_544 + 4096 * drawn.randrange(40),
    )


def _latency(drawn: Random, message_ns: float) -> Latency:
    """Around the time of 40 messages that wait."""
    middle_ns = 40 * message_ns
    spread = drawn.choice(_spreads())
    times_ns = {int(middle_ns * parts / 50): count for parts, count in spread.items()}
    held: Counter[int] = Counter()
    for time_ns, count in times_ns.items():
        held[bucket_of(time_ns)] += count
    found = of_counts(
        held,
        min_ns=min(times_ns),
        max_ns=max(times_ns),
        sum_ns=sum(time_ns * count for time_ns, count in times_ns.items()),
    )
    return Latency(kind="one-way", every=97, histogram=found)


@cache
def _spreads() -> list[Counter[int]]:
    """How latencies lie around their middle, in fiftieths of it: to draw them for every trial would take hours."""
    drawn = Random(1)
    return [Counter(int(50 * drawn.lognormvariate(0, 0.2)) for _ in range(_LATENCIES)) for _ in range(64)]
