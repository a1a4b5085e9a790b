"""multiprocessing.Pipe with bytes: each message is sent behind its length, nothing is pickled."""

from __future__ import annotations

__all__ = ["MpPipeBytes"]

from queuemark.runners.python.transport import Receive, Send
from queuemark.runners.python.transports.mp_pipe import MpPipe


class MpPipeBytes(MpPipe):
    """The same pipes, used for bytes alone."""

    name = "mp-pipe-bytes"
    summary = "multiprocessing.Pipe with send_bytes and recv_bytes, one a consumer"
    frame_bytes = 4

    def open_producer(self) -> list[Send]:
        return [into.send_bytes for _, into in self.pipes]

    def open_consumer(self, index: int) -> Receive:
        return self.pipes[index][0].recv_bytes
