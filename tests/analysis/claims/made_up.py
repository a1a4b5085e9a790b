"""Sessions as claims want them, at whatever rates a test says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from queuemark.analysis.claims import CLAIMS, Evidence, Judgement, Part
from queuemark.model.histogram import bucket_of, of_counts
from queuemark.model.latency import Latency
from queuemark.model.plan import Case
from queuemark.model.probe import Probe
from queuemark.model.trial import Trial
from tests.examples import case, document, trial

TRIALS = 5

Result = tuple[Case, list[Trial]]


def at(
    transport: str,
    delivered_per_s: float,
    *,
    spread: float = 0.01,
    calls: float = 1.0,
    p99_ns: int | None = None,
    params: dict[str, int | str] | None = None,
    **meant: Any,
) -> Result:
    """A case whose trials lie within ``spread`` of a rate; calls: of the producer for a message."""
    known = transport if transport in ("tcp", "unix-stream", "pipe", "mq-posix") else "unix-stream"
    of = case(known, params=params, **{"size_bytes": 16, **meant})
    if known != transport:
        of = msgspec.structs.replace(of, transport=transport)
    offsets = [spread * (2 * repeat / (TRIALS - 1) - 1) for repeat in range(TRIALS)]
    return of, [
        _trial(of, repeat, delivered_per_s * (1 + offset), calls, p99_ns) for repeat, offset in enumerate(offsets)
    ]


def _trial(of: Case, repeat: int, rate_per_s: float, calls: float, p99_ns: int | None) -> Trial:
    delivered = of.workload.items or max(1, round(rate_per_s * 0.2))
    window_ns = round(delivered / rate_per_s * 1e9)
    made = trial(of, repeat, delivered=delivered, window_ns=window_ns, send_window_ns=window_ns)
    assert made.producer is not None
    made.producer = msgspec.structs.replace(made.producer, calls=max(1, round(calls * delivered)))
    if p99_ns is not None:
        samples = {bucket_of(p99_ns + repeat): 2000}
        held = of_counts(samples, min_ns=p99_ns + repeat, max_ns=p99_ns + repeat, sum_ns=2000 * (p99_ns + repeat))
        made.latency = Latency(kind="one-way", every=1, histogram=held)
    return made


def ns(name: str, value: float, **params: int | str) -> Probe:
    return Probe(
        name=name, params=params, unit="ns", value=value, low=0.98 * value, high=1.02 * value, samples=50, reason=None
    )


def judged(number: int, *results: Result, probes: Sequence[Probe] = ()) -> Judgement:
    held = document(*results, repeats=TRIALS, probes_before=list(probes)) if results else None
    return CLAIMS[number].judge(Evidence(held))


def says(judgement: Judgement) -> dict[str, bool | None]:
    return {part.label: part.holds for part in judgement.parts}


def part(judgement: Judgement, label: str) -> Part:
    (found,) = [each for each in judgement.parts if each.label == label]
    return found
