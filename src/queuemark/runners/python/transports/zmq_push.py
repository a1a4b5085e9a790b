"""pyzmq's PUSH and PULL: a pair of sockets for each consumer, over Unix sockets or TCP."""

from __future__ import annotations

__all__ = ["ZmqPush"]

import os
import socket
from importlib import import_module
from typing import Any

from queuemark.model.transport import Param
from queuemark.runners.python.transport import Case, Receive, Send, Transport

OVER = Param(
    name="over", unit="choice", default="ipc", choices=["ipc", "tcp"], help="Unix sockets, or TCP over loopback"
)
HIGH_WATER = Param(
    name="high_water_items", unit="items", default=1000, low=1, high=1_000_000, help="messages that either end holds"
)


class ZmqPush(Transport):
    """One pair a consumer, since a PUSH socket would choose by itself who gets what."""

    name = "pyzmq"
    summary = "pyzmq with PUSH and PULL, one pair of sockets a consumer"
    dispatch = "deal"
    needs = "zmq"
    distribution = "pyzmq"
    params = (OVER, HIGH_WATER)

    def __init__(self, case: Case) -> None:
        self.high_water = case.number("high_water_items")
        if case.params["over"] == "ipc":
            # Abstract: a name that is no file, and is gone with the socket.
            self.addresses = [f"ipc://@queuemark-{os.getpid()}-{index}" for index in range(case.consumers)]
        else:
            ports = [_reserved() for _ in range(case.consumers)]
            self.addresses = [f"tcp://127.0.0.1:{port}" for port in ports]

    def open_producer(self) -> list[Send]:
        zmq: Any = import_module("zmq")
        self.sockets = [zmq.Context.instance().socket(zmq.PUSH) for _ in self.addresses]
        for end, address in zip(self.sockets, self.addresses, strict=True):
            end.set_hwm(self.high_water)
            end.connect(address)
        return [end.send for end in self.sockets]

    def open_consumer(self, index: int) -> Receive:
        zmq: Any = import_module("zmq")
        end = zmq.Context.instance().socket(zmq.PULL)
        end.set_hwm(self.high_water)
        end.bind(self.addresses[index])
        self.sockets = [end]
        receive: Receive = end.recv
        return receive


def _reserved() -> int:
    """A port that is free at this moment; who binds it first has it."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
        return port
