"""socket.socketpair: a Unix stream; each message behind its length, sent whole, read through a buffered reader."""

from __future__ import annotations

__all__ = ["SocketPair"]

import socket

from queuemark.runners.python.transport import Case, Receive, Send, Transport
from queuemark.runners.python.transports.framing import LENGTH_BYTES, framed, unframed


class SocketPair(Transport):
    """A pair for each consumer."""

    name = "socketpair"
    summary = "socket.socketpair with send and a buffered reader, one a consumer"
    dispatch = "deal"
    frame_bytes = LENGTH_BYTES

    def __init__(self, case: Case) -> None:
        self.pairs = [socket.socketpair() for _ in range(case.consumers)]

    def open_producer(self) -> list[Send]:
        return [framed(ours.send) for ours, _ in self.pairs]

    def open_consumer(self, index: int) -> Receive:
        return unframed(self.pairs[index][1].makefile("rb").read)
