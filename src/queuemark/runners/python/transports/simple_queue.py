"""queue.SimpleQueue between threads: written in C, without a bound; no byte is copied."""

from __future__ import annotations

__all__ = ["SimpleQueue"]

import queue

from queuemark.runners.python.transport import Case, Receive, Send, Transport


class SimpleQueue(Transport):
    """Consumers compete for one queue."""

    name = "simple-queue"
    summary = "queue.SimpleQueue between threads, one that all consumers take from"
    dispatch = "compete"
    roles = "threads"
    copies = 0

    def __init__(self, case: Case) -> None:
        self.queue: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def open_producer(self) -> list[Send]:
        return [self.queue.put]

    def open_consumer(self, index: int) -> Receive:
        return self.queue.get
