"""Cases with a known rate and a known p99, for tests of what is chosen by them."""

from __future__ import annotations

from typing import Any

from queuemark.model.latency import Latency
from queuemark.model.plan import Case
from queuemark.model.trial import Trial
from tests.examples import case, trial
from tests.histograms import histogram


def measured(
    transport: str,
    delivered_per_s: int,
    p99_us: int,
    *,
    samples: int = 1000,
    lost: int = 0,
    repeats: int = 3,
    **load: Any,
) -> tuple[Case, list[Trial]]:
    """Trials of 200 ms; samples: of each trial."""
    of = case(transport, **load)
    latency = Latency(kind="one-way", every=1, histogram=histogram([1000 * p99_us] * samples))
    return of, [
        trial(of, repeat, delivered=delivered_per_s // 5, lost=lost, latency=latency, window_ns=200_000_000)
        for repeat in range(repeats)
    ]
