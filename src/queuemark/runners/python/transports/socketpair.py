"""socket.socketpair: a Unix stream, written by send, read as a file."""

from __future__ import annotations

__all__ = ["SocketPair"]

import socket

from queuemark.runners.python.byte_stream import ByteStream, Write
from queuemark.runners.python.transport import Case


class SocketPair(ByteStream):
    """A pair for each consumer."""

    name = "socketpair"
    summary = "socket.socketpair with send and a buffered reader, one a consumer"

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self.pairs = [socket.socketpair() for _ in range(case.consumers)]

    def open_writers(self) -> list[Write]:
        return [ours.send for ours, _ in self.pairs]

    def open_reader(self, index: int) -> socket.SocketIO:
        return socket.SocketIO(self.pairs[index][1], "r")
