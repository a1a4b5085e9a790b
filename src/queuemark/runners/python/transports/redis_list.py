"""A list of Redis: pushed to its tail, taken from its head by whoever waits."""

from __future__ import annotations

__all__ = ["RedisList"]

from functools import partial

from queuemark.runners.python.transport import Receive, ReceiveMany, Send, SendMany
from queuemark.runners.python.transports.redis_server import RedisTransport


class RedisList(RedisTransport):
    """Consumers compete for one list."""

    name = "redis-list"
    summary = "a Redis list with RPUSH and BLPOP, or BLMPOP for several, by redis-py"
    dispatch = "compete"

    def open_producer(self) -> list[Send]:
        return [partial(self.commands().send, "RPUSH", self.keys[0])]

    def open_producer_of_many(self) -> list[SendMany]:
        send, key = self.commands().send, self.keys[0]
        return [lambda messages: send("RPUSH", key, *messages)]

    def open_consumer(self, index: int) -> Receive:
        pop, key = self.connected().blpop, self.keys[0]

        def receive() -> bytes:
            message: bytes = pop(key, 0)[1]
            return message

        return receive

    def open_consumer_of_many(self, index: int) -> ReceiveMany:
        pop, key = self.connected().blmpop, self.keys[0]

        def receive(most: int) -> list[bytes]:
            messages: list[bytes] = pop(0, 1, key, direction="LEFT", count=most)[1]
            return messages

        return receive
