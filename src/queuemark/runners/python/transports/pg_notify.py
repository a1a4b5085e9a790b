"""PostgreSQL's LISTEN and NOTIFY: a server tells all who listen to a channel, at the end of the transaction.

What is told is text of less than 8000 bytes, so a message travels in base64, a third longer than it is. Equal texts of
one transaction are told once: where several messages go by one call, each has a number in front, and nothing is equal.
"""

from __future__ import annotations

__all__ = ["PgNotify"]

import select
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from typing import Any

from queuemark.runners.python.transport import Case, Receive, ReceiveMany, Send, SendMany
from queuemark.runners.python.transports.pg_server import PgTransport, Statements

_NUMBER_CHARACTERS = 3
"""Of a message in its call, in hexadecimal: no call has more than 1024."""

_TEXT_HIGH_BYTES = 7999


class PgNotify(PgTransport):
    """A channel for each consumer, or one that all of them listen to."""

    name = "pg-notify"
    summary = "PostgreSQL's LISTEN and NOTIFY, a channel a consumer, by psycopg; messages in base64"
    dispatch = "deal"
    durability = ("nothing",)
    max_size_bytes = (_TEXT_HIGH_BYTES - _NUMBER_CHARACTERS) // 4 * 3

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self.channels = [self.name_there]
        if not case.fans_out:
            self.channels = [f"{self.name_there}-{index}" for index in range(case.consumers)]

    def open_producer(self) -> list[Send]:
        statements = self.statements("SELECT pg_notify($1, $2)", ("text", "text"))
        return [_telling(statements, channel.encode()) for channel in self.channels]

    def open_producer_of_many(self) -> list[SendMany]:
        parts = "unnest(string_to_array($2, ','))"
        statements = self.statements(f"SELECT pg_notify($1, part) FROM {parts} AS part", ("text", "text"))
        return [_telling_many(statements, channel.encode()) for channel in self.channels]

    def open_consumer(self, index: int) -> Receive:
        return _hearing(self._listening(index))

    def open_consumer_of_many(self, index: int) -> ReceiveMany:
        hear = _hearing(self._listening(index), _NUMBER_CHARACTERS)
        return lambda most: [hear()]

    def _listening(self, index: int) -> Any:
        self.kept = self.connected()
        self.kept.execute(f'LISTEN "{self.channels[index % len(self.channels)]}"')
        return self.kept.pgconn


def _telling(statements: Statements, channel: bytes) -> Send:
    return lambda message: statements.send(channel, b64encode(message))


def _telling_many(statements: Statements, channel: bytes) -> SendMany:
    def send(messages: Iterable[bytes]) -> None:
        statements.send(channel, b",".join(b"%03x" % place + b64encode(body) for place, body in enumerate(messages)))

    return send


def _hearing(link: Any, number_characters: int = 0) -> Callable[[], bytes]:
    heard, look = link.notifies, link.consume_input
    readable = select.poll()
    readable.register(link.socket, select.POLLIN)

    def receive() -> bytes:
        while (told := heard()) is None:
            readable.poll()
            look()
        return b64decode(told.extra[number_characters:])

    return receive
