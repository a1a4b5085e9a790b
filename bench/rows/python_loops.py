"""What the Python runner's loop costs: a trial, with everything proved, against a bare loop over the same calls."""

from __future__ import annotations

__all__ = ["ROWS"]

from bench.bare import Bare
from bench.ours import Trial
from bench.ratio import RatioRow

MECHANISMS = ("mp-queue", "mp-simple-queue", "mp-pipe", "mp-pipe-bytes", "os-pipe", "socketpair", "queue")

ROWS = tuple(
    RatioRow(
        name=f"python-loop/{name}-64B",
        target=0.9,
        ours=Trial(name, size_bytes=64, runtime="python"),
        bare=Bare("loop.py", name, size_bytes=64),
    )
    for name in MECHANISMS
)
