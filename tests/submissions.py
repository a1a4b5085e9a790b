"""Sessions as people submit them: a sweep over mechanisms, the same on another machine, and odd ones."""

from __future__ import annotations

__all__ = ["ORIGINAL", "RUN", "disputed", "encoded", "golden", "original", "renamed", "sweep"]

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import msgspec
import numpy as np

from queuemark.analysis.estimates import with_estimates
from queuemark.model.latency import Latency
from queuemark.model.plan import Case
from queuemark.model.probe import Probe
from queuemark.model.session import SessionDocument, decode_session, encode_session
from queuemark.model.transport import Cost, Way
from queuemark.model.trial import Trial
from tests.examples import case, document, machine, trial
from tests.histograms import histogram

GOLDEN = Path(__file__).parent / "golden" / "session.json"

SIZES = (1, 16, 64, 256, 1024, 4096)
CONSUMERS = (1, 2, 3, 4, 6, 8)

COSTS_NS = {"tcp": (1650, 0.11), "unix-stream": (1580, 0.16), "pipe": (730, 0.21), "mq-posix": (1900, 0.34)}
"""What a message costs, and what each byte of it adds."""

COSTS = {
    "tcp": Cost(ways=[Way(mechanism="tcp")], gathers=True, frame_bytes=4),
    "unix-stream": Cost(ways=[Way(mechanism="unix-stream")], gathers=True, frame_bytes=4),
    "pipe": Cost(ways=[Way(mechanism="pipe")], gathers=True),
    "mq-posix": Cost(ways=[Way(mechanism="mq-posix")], gathers=False),
}

BOUND = 0.7
"""The share of what a message costs that the machine's limits explain."""

ORIGINAL_BACKENDS = (
    "TCP Socket",
    "Unix Domain Stream Socket",
    "Unix Domain Datagram Socket",
    "POSIX Message Queue",
)

ORIGINAL = (
    '<?xml version="1.0"?><platform><sysname>{sysname}</sysname><release>{release}</release>'
    "<version>{version}</version><machine>{machine}</machine>"
    '<batches_attributes type="array"><batch><uhash>{uhash}</uhash><runs_attributes type="array">{runs}'
    "</runs_attributes></batch></batches_attributes></platform>"
)

RUN = "<run><backend>TCP Socket</backend><threads>1</threads><seconds>2.5</seconds><msg_size>64</msg_size></run>"


def encoded(of: SessionDocument) -> bytes:
    return encode_session(with_estimates(of))


def sweep(id: str, *, factor: float = 1.0, repeats: int = 3, sizes: Sequence[int] = SIZES) -> SessionDocument:
    """Four mechanisms over sizes and consumers, and round trips and offered rates of one size.

    factor: how fast the machine is.
    """
    draw = np.random.default_rng(int(id[:8], 16))
    cells = [(name, size, count) for name in COSTS_NS for size in sizes for count in CONSUMERS]
    swept = [_drawn(case(name, size_bytes=size, consumers=count), draw, factor, repeats) for name, size, count in cells]
    offered = [
        _drawn(case(name, rate_per_s=rate), draw, factor, repeats, offered_per_s=rate)
        for name in ("tcp", "pipe")
        for rate in (50_000.0, 100_000.0, 200_000.0)
    ]
    asked = [
        _drawn(case(name, pattern="pingpong", dispatch="deal"), draw, factor / 30, repeats, kind="round-trip")
        for name in ("tcp", "unix-stream")
    ]
    probes = probed(factor)
    made = document(
        *swept,
        *offered,
        *asked,
        id=id,
        costs=COSTS,
        findings=golden().session.findings,
        probes_before=probes,
        probes_after=probes,
    )
    _run_in_turn(made)
    return made


def _run_in_turn(made: SessionDocument) -> None:
    """Gives each trial the time that it has on a machine that runs one after the other."""
    at = datetime.fromisoformat(made.session.created_at)
    for place, each in enumerate(held for result in made.cases for held in result.trials):
        each.position, each.started_at = place, at.isoformat()
        at += timedelta(microseconds=(each.window_ns + each.outside_ns) // 1000)


def probed(factor: float) -> list[Probe]:
    """What a machine of that speed says of itself."""
    found = [
        _probe("message", 0.002 * size, factor, bytes=size, side=side, cores=cores)
        for size in (16, 4096)
        for side in ("write", "compare")
        for cores in ("one", "two")
    ]
    found += [_probe("syscall", 170, factor), _probe("futex", 2900, factor, cores="one")]
    found += [_probe("futex", 40_000, factor, cores="two")]
    for name, (message_ns, byte_ns) in COSTS_NS.items():
        for calls, side in product(("each", "many"), ("send", "receive")):
            share = BOUND * (1.0 if calls == "each" else 0.2) * (1.0 if side == "send" else 0.8)
            found += [
                _probe(
                    "path",
                    share * (message_ns + byte_ns * size),
                    factor,
                    mechanism=name,
                    side=side,
                    calls=calls,
                    cores=cores,
                    bytes=size,
                )
                for size in (16, 4096)
                for cores in ("one", "two")
            ]
    return found


def _probe(name: str, value_ns: float, factor: float, **params: int | str) -> Probe:
    value = value_ns / factor
    return Probe(name=name, params=params, unit="ns", value=value, low=value * 0.99, high=value * 1.01, samples=200)


def _drawn(
    of: Case,
    draw: np.random.Generator,
    factor: float,
    repeats: int,
    *,
    offered_per_s: float | None = None,
    kind: str = "one-way",
) -> tuple[Case, list[Trial]]:
    load = of.workload
    message_ns, byte_ns = COSTS_NS[of.transport]
    contended = 1 + 0.06 * (load.consumers - 1)
    fastest = factor * 1e9 / (message_ns + byte_ns * load.size_bytes) / contended
    trials = []
    for repeat in range(repeats):
        rate = min(fastest, offered_per_s or fastest) * float(draw.normal(1, 0.02))
        window_ns = 200_000_000 + repeat * 1_000_000
        times = np.maximum(draw.lognormal(np.log(2e10 / rate), 0.5, size=1200), 1000).astype(int).tolist()
        latency = Latency(kind=kind, every=64, histogram=histogram(times)) if load.size_bytes >= 16 else None
        made = trial(of, repeat, delivered=int(rate * window_ns / 1e9), latency=latency)
        trials.append(_within_two_cpus(made))
    return of, trials


def _within_two_cpus(made: Trial) -> Trial:
    """However many the consumers are, they share the machine's second cpu."""
    share = 90_000_000 // len(made.consumers)
    made.consumers = [msgspec.structs.replace(consumer, cpu_ns=share) for consumer in made.consumers]
    made.cpu_ns = 180_000_000 + share * len(made.consumers)
    return made


def golden() -> SessionDocument:
    return decode_session(GOLDEN.read_bytes())


def renamed(of: SessionDocument, id: str) -> SessionDocument:
    """The same from elsewhere: another id and another machine."""
    other = msgspec.structs.replace(machine(), cpu_model="Ampere Altra Q80-30", release="6.6.9", architecture="aarch64")
    return msgspec.structs.replace(of, session=msgspec.structs.replace(of.session, id=id, machine=other))


def disputed(id: str) -> SessionDocument:
    """Says of a trial that it is ok though more was delivered than was sent."""
    of, trials = _drawn(case("tcp"), np.random.default_rng(1), 1.0, 3)
    broken = msgspec.structs.replace(trials[0], sent=trials[0].sent - 1000)
    return document((of, [broken, *trials[1:]]), id=id)


def original(uhash: str, *, runs: str | None = None, **platform: str) -> bytes:
    """The file that the original's program makes; runs: as XML; platform: other words of uname, escaped."""
    words = {
        "sysname": "Linux",
        "release": "2.6.18-8.el5",
        "version": "#1 SMP Thu Mar 15 19:46:53 EDT 2007",
        "machine": "x86_64",
        **platform,
    }
    return ORIGINAL.format(uhash=uhash, runs=_runs() if runs is None else runs, **words).encode()


def _runs() -> str:
    cells = product(enumerate(ORIGINAL_BACKENDS), (1, 4, 32), (1, 64, 1024, 4096))
    return "".join(
        f"<run><backend>{backend}</backend><threads>{threads}</threads>"
        f"<seconds>{2.5 + place / 3 + size / 2048 + threads / 50:.6f}</seconds><msg_size>{size}</msg_size></run>"
        for (place, backend), threads, size in cells
    )
