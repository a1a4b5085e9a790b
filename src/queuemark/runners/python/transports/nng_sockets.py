"""pynng's sockets: pairs, or PUSH and PULL, over abstract Unix sockets, over TCP, or between threads (inproc).

PUB and SUB are not offered: nng's publisher drops the oldest message where a subscriber has no room, and cannot be told
to wait, so what was accepted need not arrive.
"""

from __future__ import annotations

__all__ = ["NngInproc", "NngSockets"]

from functools import partial
from typing import Any, ClassVar

from queuemark.model.transport import Param
from queuemark.runners.python.transport import Case, Receive, Send, Transport
from queuemark.runners.python.transports.rendezvous import Rendezvous, abstract_name

SOCKETS = Param(
    name="sockets", unit="choice", default="pair", choices=["pair", "push"], help="a pair, or PUSH and PULL"
)
OVER = Param(
    name="over", unit="choice", default="ipc", choices=["ipc", "tcp"], help="Unix sockets, or TCP over loopback"
)
BUFFER = Param(name="buffer_items", unit="items", default=128, low=0, high=8192, help="messages that either end holds")


class NngSockets(Transport):
    """A pair of sockets a consumer, which listens; the producer dials."""

    name = "pynng"
    summary = "pynng with pair sockets, or PUSH and PULL, a pair a consumer"
    dispatch = "deal"
    needs = "pynng"
    params: ClassVar[tuple[Param, ...]] = (SOCKETS, OVER, BUFFER)

    def __init__(self, case: Case) -> None:
        # pynng cannot receive an empty message: one that is longer than any other stands for it.
        self.end = bytes(case.largest_bytes + 1)
        self.buffer_items = case.number("buffer_items")
        self.pairs = case.params["sockets"] == "pair"
        self.over = case.params.get("over", "inproc")
        self.rendezvous = Rendezvous(case.consumers)
        self.kept: list[Any] = []
        """A socket that nobody holds is closed."""

    def open_producer(self) -> list[Send]:
        return [self._dialled(address) for address in self.rendezvous.addresses()]

    def open_consumer(self, index: int) -> Receive:
        import pynng

        kind = pynng.Pair0 if self.pairs else pynng.Pull0
        end = kind(recv_buffer_size=self.buffer_items, recv_max_size=0)
        self.kept.append(end)
        self.rendezvous.tell(index, self._listened(end, index))
        return partial(_receive, end.recv, len(self.end))

    def _listened(self, end: Any, index: int) -> str:
        """At which address."""
        if self.over != "tcp":
            address = f"abstract://{abstract_name(index)}" if self.over == "ipc" else f"inproc://{index}"
            end.listen(address)
            return address
        listener = end.listen("tcp://127.0.0.1:0")
        return f"tcp://{listener.local_address}"

    def _dialled(self, address: str) -> Send:
        import pynng

        kind = pynng.Pair0 if self.pairs else pynng.Push0
        end = kind(send_buffer_size=self.buffer_items)
        self.kept.append(end)
        end.dial(address, block=True)
        return partial(_send, end.send, self.end)


class NngInproc(NngSockets):
    """The same sockets where both ends are in one process."""

    name = "pynng-inproc"
    summary = "pynng between threads (inproc), with pair sockets, or PUSH and PULL, a pair a consumer"
    roles = "threads"
    params = (SOCKETS, BUFFER)


def _send(send: Send, end: bytes, message: bytes) -> None:
    send(message or end)


def _receive(receive: Receive, end_bytes: int) -> bytes:
    message = receive()
    return message if len(message) < end_bytes else b""
