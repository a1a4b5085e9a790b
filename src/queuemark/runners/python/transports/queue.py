"""queue.Queue between threads: a lock and two conditions around a deque; no byte is copied."""

from __future__ import annotations

__all__ = ["QueueQueue"]

import queue

from queuemark.runners.python.transport import Case, Receive, Send, Transport
from queuemark.runners.python.transports.mp_queue import DEPTH


class QueueQueue(Transport):
    """Consumers compete for one queue."""

    name = "queue"
    summary = "queue.Queue between threads, one that all consumers take from"
    dispatch = "compete"
    roles = "threads"
    copies = 0
    params = (DEPTH,)

    def __init__(self, case: Case) -> None:
        self.queue: queue.Queue[bytes] = queue.Queue(case.number("depth"))

    def open_producer(self) -> list[Send]:
        return [self.queue.put]

    def open_consumer(self, index: int) -> Receive:
        return self.queue.get
