"""queue.Queue between threads: a lock and two conditions around a deque; no byte is copied."""

from __future__ import annotations

__all__ = ["QueueQueue"]

import queue
from typing import Any

from queuemark.runners.python.transport import Case, Receive, Send, Transport
from queuemark.runners.python.transports.mp_queue import DEPTH
from queuemark.runners.python.transports.payloads import HANDED_OVER, Objects


class QueueQueue(Transport):
    """Consumers compete for one queue."""

    name = "queue"
    summary = "queue.Queue between threads, one that all consumers take from"
    dispatch = "compete"
    roles = "threads"
    copies = 0
    params = (DEPTH, HANDED_OVER)

    def __init__(self, case: Case) -> None:
        self.objects = Objects(case.params[HANDED_OVER.name], pickling=False)
        self.queue: queue.Queue[Any] = queue.Queue(case.number("depth"))

    def open_producer(self) -> list[Send]:
        return [self.objects.sending(self.queue.put)]

    def open_consumer(self, index: int) -> Receive:
        return self.objects.receiving(self.queue.get)
