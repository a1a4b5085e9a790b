"""One call a message against a program that makes the same calls: 1 consumer, and for mq-posix 4 and 32 too."""

from __future__ import annotations

__all__ = ["ROWS"]

from bench.bare import Bare
from bench.ours import Trial
from bench.ratio import RatioRow

MECHANISMS = {"tcp": "tcp", "unix-stream": "unix", "pipe": "pipe", "mq-posix": "mq"}
CELLS = [(transport, 1) for transport in MECHANISMS] + [("mq-posix", 4), ("mq-posix", 32)]

ROWS = tuple(
    RatioRow(
        name=f"each/{transport}-{label}-{consumers}",
        target=0.95,
        ours=Trial(transport, size_bytes=size_bytes, consumers=consumers),
        bare=Bare("each", MECHANISMS[transport], size_bytes=size_bytes, consumers=consumers),
    )
    for transport, consumers in CELLS
    for size_bytes, label in ((16, "16B"), (1024, "1KiB"))
)
