"""pyzmq's sockets: PUSH and PULL, or PUB and SUB, over Unix sockets, over TCP, or between threads (inproc).

PUB drops what a subscriber has no room for, and what is published before a subscription has come. So the publisher is
an XPUB, which is PUB with two more abilities: it receives subscriptions, and waits for each of them here, and it can be
told to wait for room instead (XPUB_NODROP).
"""

from __future__ import annotations

__all__ = ["ZmqInproc", "ZmqSockets"]

from importlib import import_module
from typing import Any, ClassVar

from queuemark.model.transport import Param, ParamValue
from queuemark.runners.python.transport import Case, Receive, Send, Transport
from queuemark.runners.python.transports.rendezvous import Rendezvous, abstract_name

SOCKETS = Param(
    name="sockets",
    unit="choice",
    default="push",
    choices=["push", "pub"],
    help="PUSH and PULL; or PUB and SUB, where a fan-out is one call a message",
)
OVER = Param(
    name="over", unit="choice", default="ipc", choices=["ipc", "tcp"], help="Unix sockets, or TCP over loopback"
)
HIGH_WATER = Param(
    name="high_water_items", unit="items", default=1000, low=1, high=1_000_000, help="messages that either end holds"
)


class ZmqSockets(Transport):
    """One pair of sockets a consumer, since a PUSH socket would choose by itself who gets what.

    A fan-out by PUB is the exception: one socket publishes to all.
    """

    name = "pyzmq"
    summary = "pyzmq with PUSH and PULL, or PUB and SUB, a pair of sockets a consumer"
    dispatch = "deal"
    needs = "zmq"
    distribution = "pyzmq"
    params: ClassVar[tuple[Param, ...]] = (SOCKETS, OVER, HIGH_WATER)

    def __init__(self, case: Case) -> None:
        self.high_water = case.number("high_water_items")
        self.publishes = case.params["sockets"] == "pub"
        self.over = case.params.get("over", "inproc")
        self.shared = self.publishes and case.fans_out
        self.rendezvous = Rendezvous(case.consumers)
        self.kept: list[Any] = []
        """A socket that nobody holds is closed."""

    def open_producer(self) -> list[Send]:
        addresses = self.rendezvous.addresses()
        if self.shared:
            return [self._connected(addresses)]
        return [self._connected([address]) for address in addresses]

    def open_consumer(self, index: int) -> Receive:
        zmq: Any = import_module("zmq")
        end = self._made("SUB" if self.publishes else "PULL")
        if self.publishes:
            end.setsockopt(zmq.SUBSCRIBE, b"")
        end.bind(_anywhere(self.over, index))
        self.rendezvous.tell(index, end.getsockopt_string(zmq.LAST_ENDPOINT))
        receive: Receive = end.recv
        return receive

    def _connected(self, addresses: list[str]) -> Send:
        zmq: Any = import_module("zmq")
        end = self._made("XPUB" if self.publishes else "PUSH")
        if self.publishes:
            end.setsockopt(zmq.XPUB_NODROP, 1)
            # Each subscription is told, and not only the first of several that are alike.
            end.setsockopt(zmq.XPUB_VERBOSE, 1)
        for address in addresses:
            end.connect(address)
        if self.publishes:
            for _ in addresses:
                end.recv()
        send: Send = end.send
        return send

    def _made(self, kind: str) -> Any:
        zmq: Any = import_module("zmq")
        end = zmq.Context.instance().socket(getattr(zmq, kind))
        end.set_hwm(self.high_water)
        self.kept.append(end)
        return end


def _anywhere(over: ParamValue, index: int) -> str:
    """Where a consumer listens: at a name of its own, or at a port that is free."""
    names = {"ipc": f"ipc://@{abstract_name(index)}", "tcp": "tcp://127.0.0.1:*", "inproc": f"inproc://{index}"}
    return names[str(over)]


class ZmqInproc(ZmqSockets):
    """The same sockets where both ends are in one process: what is passed on is a message's place in memory."""

    name = "pyzmq-inproc"
    summary = "pyzmq between threads (inproc), with PUSH and PULL, or PUB and SUB, a pair of sockets a consumer"
    roles = "threads"
    params = (SOCKETS, HIGH_WATER)
