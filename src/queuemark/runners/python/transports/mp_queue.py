"""multiprocessing.Queue: a thread of the producer pickles objects into a pipe; two semaphores guard its ends."""

from __future__ import annotations

__all__ = ["MpQueue"]

import multiprocessing
from typing import Any

from queuemark.model.transport import Param
from queuemark.runners.python.transport import Case, Receive, Send, Transport
from queuemark.runners.python.transports.payloads import PICKLED, Objects

DEPTH = Param(
    name="depth", unit="items", default=1024, low=1, high=32_767, help="messages that wait in the queue at most"
)


class MpQueue(Transport):
    """Consumers compete for one queue."""

    name = "mp-queue"
    summary = "multiprocessing.Queue, one that all consumers take from"
    dispatch = "compete"
    params = (DEPTH, PICKLED)

    def __init__(self, case: Case) -> None:
        self.objects = Objects(case.params[PICKLED.name], pickling=True)
        self.queue: multiprocessing.Queue[Any] = multiprocessing.get_context("spawn").Queue(case.number("depth"))

    def open_producer(self) -> list[Send]:
        return [self.objects.sending(self.queue.put)]

    def open_consumer(self, index: int) -> Receive:
        return self.objects.receiving(self.queue.get)
