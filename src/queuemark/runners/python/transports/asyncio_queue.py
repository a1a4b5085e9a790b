"""asyncio.Queue between tasks of one event loop: a deque, and futures of those who wait; no byte is copied."""

from __future__ import annotations

__all__ = ["AsyncioQueue"]

import asyncio
from typing import Any

from queuemark.runners.python.transport import AsyncReceive, AsyncSend, AsyncTransport, Case
from queuemark.runners.python.transports.event_loops import LOOP, new_loop
from queuemark.runners.python.transports.mp_queue import DEPTH
from queuemark.runners.python.transports.payloads import HANDED_OVER, Objects


class AsyncioQueue(AsyncTransport):
    """Consumers compete for one queue."""

    name = "asyncio-queue"
    summary = "asyncio.Queue between tasks, one that all consumers take from"
    dispatch = "compete"
    roles = "tasks"
    copies = 0
    params = (DEPTH, LOOP, HANDED_OVER)

    def __init__(self, case: Case) -> None:
        self.kind = case.params["loop"]
        self.objects = Objects(case.params[HANDED_OVER.name], pickling=False)
        self.queue: asyncio.Queue[Any] = asyncio.Queue(case.number("depth"))

    def loop(self) -> asyncio.AbstractEventLoop:
        return new_loop(self.kind)

    async def connect_producer(self) -> list[AsyncSend]:
        return [self.objects.sending(self.queue.put)]

    async def connect_consumer(self, index: int) -> AsyncReceive:
        return self.objects.receiving_awaited(self.queue.get)
