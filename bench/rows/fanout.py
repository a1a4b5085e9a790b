"""Every message to every consumer: the buffered producer against one that writes each prebuilt block four times."""

from __future__ import annotations

__all__ = ["ROWS"]

from bench.bare import Bare
from bench.ours import Trial
from bench.ratio import RatioRow

CONSUMERS = 4

ROWS = (
    RatioRow(
        name=f"fanout/tcp-64B-{CONSUMERS}",
        target=0.9,
        ours=Trial("tcp", size_bytes=64, consumers=CONSUMERS, policy="buffer:65536", pattern="fanout"),
        bare=Bare("stream_blocks", "tcp", size_bytes=64, consumers=CONSUMERS),
    ),
)
