"""multiprocessing.SimpleQueue: objects are pickled into a pipe by whoever puts them; two locks guard its ends."""

from __future__ import annotations

__all__ = ["MpSimpleQueue"]

import multiprocessing

from queuemark.runners.python.transport import Case, Receive, Send, Transport
from queuemark.runners.python.transports.payloads import PICKLED, Objects


class MpSimpleQueue(Transport):
    """Consumers compete for one queue."""

    name = "mp-simple-queue"
    summary = "multiprocessing.SimpleQueue, one that all consumers take from"
    dispatch = "compete"
    params = (PICKLED,)

    def __init__(self, case: Case) -> None:
        self.objects = Objects(case.params[PICKLED.name], pickling=True)
        self.queue = multiprocessing.get_context("spawn").SimpleQueue()

    def open_producer(self) -> list[Send]:
        return [self.objects.sending(self.queue.put)]

    def open_consumer(self, index: int) -> Receive:
        return self.objects.receiving(self.queue.get)
