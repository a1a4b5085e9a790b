"""Small messages in large writes: 16 B, framed, sequence and content checked, against prebuilt blocks read unparsed."""

from __future__ import annotations

__all__ = ["ROWS"]

from bench.bare import Bare
from bench.ours import Trial
from bench.ratio import RatioRow

ROWS = tuple(
    RatioRow(
        name=f"stream-blocks/{transport}-16B",
        target=0.8,
        ours=Trial(transport, size_bytes=16, policy="buffer:65536"),
        bare=Bare("stream_blocks", mechanism, size_bytes=16),
    )
    for transport, mechanism in (("tcp", "tcp"), ("unix-stream", "unix"))
)
