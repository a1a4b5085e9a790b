"""nats-py's two subscriptions of a consumer that competes: its end never overtakes what came before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from queuemark.runners.python.transports.nats_py import NatsPy


class Client:
    """Keeps the callbacks that are subscribed; a message of the queue group waits for its own."""

    def __init__(self) -> None:
        self.callbacks: dict[str, Callable[[Any], Awaitable[None]]] = {}
        self.waiting = SimpleNamespace(pending_msgs=1)
        self.flushed = 0

    async def subscribe(self, subject: str, cb: Callable[[Any], Awaitable[None]], **_: object) -> SimpleNamespace:
        self.callbacks[subject] = cb
        return self.waiting

    async def flush(self) -> None:
        self.flushed += 1


def test_the_end_waits_for_messages_that_came_before_it() -> None:
    async def received() -> list[bytes]:
        client = Client()
        consumer = NatsPy.__new__(NatsPy)
        vars(consumer).update(competing=True, subjects=["s.all"], ends=["s.0", "s.1"], _connected=connected(client))
        receive = await consumer.connect_consumer(1)
        assert client.flushed == 1, "the server has both subscriptions"
        end = asyncio.create_task(client.callbacks["s.1"](SimpleNamespace(data=b"")))
        await asyncio.sleep(0.01)
        await client.callbacks["s.all"](SimpleNamespace(data=b"message"))
        client.waiting.pending_msgs = 0
        await end
        return [await receive(), await receive()]

    assert asyncio.run(received()) == [b"message", b""]


def connected(client: Client) -> Callable[[Any], Awaitable[Client]]:
    async def connect(lose: Any) -> Client:
        return client

    return connect
