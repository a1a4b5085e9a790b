"""What measuring latency costs, and how well messages are sent when they are due.

``record``: one more time in a histogram, which each paced message pays. ``pacing``: the 99th percentile of how much
later than due messages were sent, at rates up to a million a second; the producer spins on a cpu of its own.
"""

from __future__ import annotations

__all__ = ["ROWS"]

import json
import subprocess
from functools import partial

from bench.bare import OUT
from bench.ceiling import CeilingRow, Sample
from bench.ours import Trial, run_trial
from queuemark.model.errors import QueuemarkError
from queuemark.model.histogram import PERCENTILES, percentile_ns

RECORD_NS = 10.0
PACING_US = 5.0
REPEATS = 5
LENGTH = ("--duration", "1", "--rate")
PACED = Trial("shm-ring", size_bytes=64, wait="spin")


def _record(_index: int) -> Sample:
    ended = subprocess.run([str(OUT / "record")], capture_output=True, text=True, timeout=60, check=False)
    if ended.returncode != 0:
        raise QueuemarkError(f"the program that records in a histogram ended with {ended.returncode}")
    told = json.loads(ended.stdout)
    return Sample(told["ns_per_record"], {"samples": told["samples"]})


def _pacing(rate: str, index: int) -> Sample:
    result = run_trial(PACED.command(*LENGTH, rate, seed=index + 1)).result
    pacing = result.latency.pacing if result.latency is not None else None
    late_ns = percentile_ns(pacing, PERCENTILES["p99_ns"]) if pacing is not None else None
    if pacing is None or late_ns is None:
        raise QueuemarkError("the result does not say how late messages were sent")
    return Sample(late_ns / 1000, {"samples": pacing.samples, "max_us": pacing.max_ns / 1000, "sent": result.sent})


ROWS = (
    CeilingRow(
        name="latency/record",
        unit="ns a record",
        ceiling=RECORD_NS,
        command="bench/out/record",
        sample=_record,
        judged="median",
        repeats=REPEATS,
    ),
    *(
        CeilingRow(
            name=f"latency/pacing-{rate}",
            unit="us late (p99)",
            ceiling=PACING_US,
            command=" ".join(PACED.command(*LENGTH, rate)[1:]),
            sample=partial(_pacing, rate),
            judged="median",
            repeats=REPEATS,
        )
        for rate in ("1000", "100000", "1000000")
    ),
)
