"""pynng's pair sockets: one pair for each consumer, over abstract Unix sockets."""

from __future__ import annotations

__all__ = ["NngPair"]

import os
from functools import partial

from queuemark.model.transport import Param
from queuemark.runners.python.transport import Case, Receive, Send, Transport

BUFFER = Param(name="buffer_items", unit="items", default=128, low=0, high=8192, help="messages that either end holds")


class NngPair(Transport):
    """The consumer listens, the producer dials until it is there."""

    name = "pynng"
    summary = "pynng with pair sockets, one pair a consumer"
    dispatch = "deal"
    needs = "pynng"
    params = (BUFFER,)

    def __init__(self, case: Case) -> None:
        # pynng cannot receive an empty message: one that is longer than any other stands for it.
        self.end = bytes(case.largest_bytes + 1)
        self.buffer_items = case.number("buffer_items")
        self.addresses = [f"abstract://queuemark-{os.getpid()}-{index}" for index in range(case.consumers)]

    def open_producer(self) -> list[Send]:
        import pynng

        held = {"send_buffer_size": self.buffer_items, "recv_max_size": 0}
        self.sockets = [pynng.Pair0(**held) for _ in self.addresses]
        for end, address in zip(self.sockets, self.addresses, strict=True):
            end.dial(address, block=False)
        return [partial(_send, end.send, self.end) for end in self.sockets]

    def open_consumer(self, index: int) -> Receive:
        import pynng

        end = pynng.Pair0(recv_buffer_size=self.buffer_items, recv_max_size=0)
        end.listen(self.addresses[index])
        self.sockets = [end]
        return partial(_receive, end.recv, len(self.end))


def _send(send: Send, end: bytes, message: bytes) -> None:
    send(message or end)


def _receive(receive: Receive, end_bytes: int) -> bytes:
    message = receive()
    return message if len(message) < end_bytes else b""
