"""os.pipe: each message behind its length, written by os.write, read through a buffered reader."""

from __future__ import annotations

__all__ = ["OsPipe"]

import os
from functools import partial

from queuemark.runners.python.transport import Case, Descriptor, Receive, Send, Transport
from queuemark.runners.python.transports.framing import LENGTH_BYTES, framed, unframed


class OsPipe(Transport):
    """A pipe for each consumer."""

    name = "os-pipe"
    summary = "os.pipe with os.write and a buffered reader, one a consumer"
    dispatch = "deal"
    frame_bytes = LENGTH_BYTES

    def __init__(self, case: Case) -> None:
        self.pipes = [tuple(map(Descriptor, os.pipe())) for _ in range(case.consumers)]

    def open_producer(self) -> list[Send]:
        return [framed(partial(os.write, into.number)) for _, into in self.pipes]

    def open_consumer(self, index: int) -> Receive:
        return unframed(os.fdopen(self.pipes[index][0].number, "rb").read)
