"""multiprocessing.Pipe with bytes: each message is sent behind its length, nothing is pickled."""

from __future__ import annotations

__all__ = ["MpPipeBytes"]

import multiprocessing

from queuemark.runners.python.transport import Case, Receive, Send, Transport


class MpPipeBytes(Transport):
    """A pipe for each consumer."""

    name = "mp-pipe-bytes"
    summary = "multiprocessing.Pipe with send_bytes and recv_bytes, one a consumer"
    dispatch = "deal"
    frame_bytes = 4

    def __init__(self, case: Case) -> None:
        self.pipes = [multiprocessing.get_context("spawn").Pipe(duplex=False) for _ in range(case.consumers)]

    def open_producer(self) -> list[Send]:
        return [into.send_bytes for _, into in self.pipes]

    def open_consumer(self, index: int) -> Receive:
        return self.pipes[index][0].recv_bytes
