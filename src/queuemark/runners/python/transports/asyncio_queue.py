"""asyncio.Queue between tasks of one event loop: a deque, and futures of those who wait; no byte is copied."""

from __future__ import annotations

__all__ = ["AsyncioQueue"]

import asyncio
from typing import Any

from queuemark.runners.python.transport import AsyncReceive, AsyncSend, Case
from queuemark.runners.python.transports.event_loops import LOOP, EitherLoop
from queuemark.runners.python.transports.mp_queue import DEPTH
from queuemark.runners.python.transports.payloads import HANDED_OVER, Objects


class AsyncioQueue(EitherLoop):
    """Consumers compete for one queue."""

    name = "asyncio-queue"
    summary = "asyncio.Queue between tasks, one that all consumers take from"
    dispatch = "compete"
    roles = "tasks"
    copies = 0
    params = (DEPTH, LOOP, HANDED_OVER)

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self.objects = Objects(case.params[HANDED_OVER.name], pickling=False)
        self.queue: asyncio.Queue[Any] = asyncio.Queue(case.number("depth"))

    async def connect_producer(self) -> list[AsyncSend]:
        return [self.objects.sending(self.queue.put)]

    async def connect_consumer(self, index: int) -> AsyncReceive:
        return self.objects.receiving_awaited(self.queue.get)
