"""Datagrams against a program that makes the same calls: one a message, to 1 and 4 consumers, and 64 in one call."""

from __future__ import annotations

__all__ = ["ROWS"]

from bench.bare import Bare
from bench.ours import Trial
from bench.ratio import RatioRow

MECHANISMS = {"udp": "udp", "unix-dgram": "dgram", "unix-seqpacket": "seqpacket"}
VECTOR = 64
EACH = [("each", size_bytes, consumers) for size_bytes in (16, 1024) for consumers in (1, 4)]
CELLS = [*EACH, (f"vector:{VECTOR}", 16, 1)]
LABELS = {16: "16B", 1024: "1KiB"}


def _row(transport: str, policy: str, size_bytes: int, consumers: int) -> RatioRow:
    options = () if policy == "each" else ("--vector", str(VECTOR))
    return RatioRow(
        name=f"datagrams/{transport}-{policy.replace(':', '')}-{LABELS[size_bytes]}-{consumers}",
        target=0.95,
        ours=Trial(transport, size_bytes=size_bytes, consumers=consumers, policy=policy),
        bare=Bare("datagrams", MECHANISMS[transport], size_bytes, consumers, options),
        lossy=transport == "udp",
    )


ROWS = tuple(_row(transport, *cell) for transport in MECHANISMS for cell in CELLS)
