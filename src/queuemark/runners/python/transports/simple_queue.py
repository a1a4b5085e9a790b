"""queue.SimpleQueue between threads: written in C, without a bound; no byte is copied."""

from __future__ import annotations

__all__ = ["SimpleQueue"]

import queue
from typing import Any

from queuemark.runners.python.transport import Case, Receive, Send, Transport
from queuemark.runners.python.transports.payloads import HANDED_OVER, Objects


class SimpleQueue(Transport):
    """Consumers compete for one queue."""

    name = "simple-queue"
    summary = "queue.SimpleQueue between threads, one that all consumers take from"
    dispatch = "compete"
    roles = "threads"
    copies = 0
    params = (HANDED_OVER,)

    def __init__(self, case: Case) -> None:
        self.objects = Objects(case.params[HANDED_OVER.name], pickling=False)
        self.queue: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def open_producer(self) -> list[Send]:
        return [self.objects.sending(self.queue.put)]

    def open_consumer(self, index: int) -> Receive:
        return self.objects.receiving(self.queue.get)
