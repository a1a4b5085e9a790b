"""Redis' channels: what is published goes to whoever subscribes at that moment, and is kept for nobody else."""

from __future__ import annotations

__all__ = ["RedisPubSub"]

from collections.abc import Sequence
from functools import partial

from queuemark.runners.python.transport import BACKLOG_ITEMS, Receive, ReceiveMany, Send, SendMany
from queuemark.runners.python.transports.redis_server import Commands, RedisTransport


class RedisPubSub(RedisTransport):
    """A channel for each consumer, or, in a fan-out, one that all subscribe to."""

    name = "redis-pubsub"
    summary = "Redis' PUBLISH and SUBSCRIBE, by redis-py"
    dispatch = "deal"
    durability = ("nothing",)
    params = (BACKLOG_ITEMS,)

    def open_producer(self) -> list[Send]:
        send = self.commands().send
        return [partial(send, "PUBLISH", key) for key in self.keys]

    def open_producer_of_many(self) -> list[SendMany]:
        commands = self.commands()
        return [partial(_publish, commands, key) for key in self.keys]

    def open_consumer(self, index: int) -> Receive:
        subscription = self.connected().pubsub()
        subscription.subscribe(self.key_of(index))
        take = subscription.parse_response
        take()  # the server says that it has the subscription

        def receive() -> bytes:
            message: bytes = take()[2]
            return message

        return receive

    def open_consumer_of_many(self, index: int) -> ReceiveMany:
        """redis-py has no call that takes several."""
        receive = self.open_consumer(index)
        return lambda most: [receive()]


def _publish(commands: Commands, key: str, messages: Sequence[bytes]) -> None:
    commands.send_all([("PUBLISH", key, message) for message in messages])
