"""Shared memory, 64 messages published at once, both ends spinning: against a ring by hand and a library's."""

from __future__ import annotations

__all__ = ["ROWS"]

from bench.bare import Bare
from bench.ours import Trial
from bench.ratio import RatioRow

RING_BYTES = 1024 * 1024
SIZES_BYTES = (16, 64)


def _row(size_bytes: int, program: str, mechanism: str, target: float) -> RatioRow:
    slots = str(RING_BYTES // size_bytes)
    return RatioRow(
        name=f"rings/{size_bytes}B-{mechanism}",
        target=target,
        ours=Trial("shm-ring", size_bytes=size_bytes, policy="vector:64", wait="spin", params=(("slots", slots),)),
        bare=Bare(program, mechanism, size_bytes=size_bytes),
    )


ROWS = tuple(
    _row(size_bytes, *against)
    for size_bytes in SIZES_BYTES
    for against in (("ring", "bare", 0.9), ("boost_spsc", "boost", 1.5))
)
