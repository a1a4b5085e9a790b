"""A stream of Redis: entries are added, read by the members of a group, and acknowledged by them.

Nothing is removed from the stream while the trial runs: an entry that was acknowledged is still there.
"""

from __future__ import annotations

__all__ = ["RedisStream"]

from typing import Any

from queuemark.runners.python.transport import Case, Receive, ReceiveMany, Send, SendMany
from queuemark.runners.python.transports.redis_server import Commands, RedisTransport

_FIELD = b"m"
_LATER = ">"
"""Entries that nobody of the group has had."""


class RedisStream(RedisTransport):
    """Consumers compete as one group, get a stream each, or, in a fan-out, are a group each."""

    name = "redis-stream"
    summary = "a Redis stream with XADD, XREADGROUP and XACK, by redis-py"
    dispatch = "compete"
    dispatches = ("compete", "deal")

    def __init__(self, case: Case) -> None:
        self.groups = [f"group-{index}" for index in range(case.consumers if case.fans_out else 1)]
        super().__init__(case)

    def prepare(self, client: Any) -> None:
        for key in self.keys:
            for group in self.groups:
                client.xgroup_create(key, group, id="0", mkstream=True)

    def open_producer(self) -> list[Send]:
        commands = self.commands()
        return [_adding(commands, key) for key in self.keys]

    def open_producer_of_many(self) -> list[SendMany]:
        commands = self.commands()
        return [_adding_many(commands, key) for key in self.keys]

    def open_consumer(self, index: int) -> Receive:
        receive = self.open_consumer_of_many(index)
        return lambda: receive(1)[0]

    def open_consumer_of_many(self, index: int) -> ReceiveMany:
        client, key = self.connected(), self.key_of(index)
        group, place = self.groups[index if len(self.groups) > 1 else 0], {key: _LATER}

        def receive(most: int) -> list[bytes]:
            entries: list[tuple[bytes, dict[bytes, bytes]]]
            ((_, entries),) = client.xreadgroup(group, f"consumer-{index}", place, count=most, block=0)
            client.xack(key, group, *(number for number, _ in entries))
            return [fields[_FIELD] for _, fields in entries]

        return receive


def _adding(commands: Commands, key: str) -> Send:
    return lambda message: commands.send("XADD", key, "*", _FIELD, message)


def _adding_many(commands: Commands, key: str) -> SendMany:
    def send(messages: Any) -> None:
        commands.send_all([("XADD", key, "*", _FIELD, message) for message in messages])

    return send
