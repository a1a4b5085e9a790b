"""What a trial costs outside its window: the life of the runner's process less the window, warm-up included."""

from __future__ import annotations

__all__ = ["ROWS"]

from functools import partial

from bench.ceiling import CeilingRow, Sample
from bench.ours import Trial, run_trial

TRANSPORTS = ("tcp", "unix-stream", "pipe", "mq-posix")
LENGTH = ("--duration", "0.1", "--warmup", "0.01")


def _outside(trial: Trial, index: int) -> Sample:
    ran = run_trial(trial.command(*LENGTH, seed=index + 1))
    outside_ns = ran.wall_ns - ran.result.window_ns
    return Sample(outside_ns / 1e6, {"wall_ns": ran.wall_ns, "window_ns": ran.result.window_ns})


ROWS = tuple(
    CeilingRow(
        name=f"overhead/{transport}-{consumers}",
        unit="ms",
        ceiling=ceiling_ms,
        command=f"time queuemark-runner trial {transport} --size 64 --consumers {consumers} {' '.join(LENGTH)}",
        sample=partial(_outside, Trial(transport, size_bytes=64, consumers=consumers)),
    )
    for transport in TRANSPORTS
    for consumers, ceiling_ms in ((1, 30.0), (32, 150.0))
)
