"""A table of PostgreSQL as a queue: rows are inserted, and deleted by whoever finds them and nobody else holds.

Consumers take the first rows that are not locked (FOR UPDATE SKIP LOCKED) and look again after a moment where there are
none: a table wakes nobody up.
"""

from __future__ import annotations

__all__ = ["PgSkipLocked"]

import time
from collections.abc import Sequence
from struct import Struct
from typing import Any, ClassVar

from queuemark.model.transport import Param, ParamValue
from queuemark.runners.python.transport import BACKLOG_ITEMS, Case, Receive, ReceiveMany, Send, SendMany
from queuemark.runners.python.transports.pg_server import PgTransport, checked

_NAP_S = 1e-3

_ARRAY = Struct(">iiIii")
"""Dimensions, whether there are nulls, the type of the elements, how many, and the number of the first."""

_LENGTH = Struct(">i")
_BYTEA_OID = 17

_PERSISTENCE = ("none", "logged", "synced")

PERSIST = Param(
    name="persist",
    unit="choice",
    default="none",
    choices=[*_PERSISTENCE],
    help="the table: unlogged, logged without fsync, or logged and synced before each commit is confirmed",
)

_TAKE = """
WITH taken AS (
    DELETE FROM {table}
    WHERE id IN (SELECT id FROM {table} ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING id, body
)
SELECT body FROM taken ORDER BY id
"""


class PgSkipLocked(PgTransport):
    """Consumers compete for the rows of one table."""

    name = "pg-skip-locked"
    summary = "a table of PostgreSQL, taken from with DELETE and SKIP LOCKED, by psycopg"
    dispatch = "compete"
    durability = ("nothing", "server", "machine")
    params: ClassVar[tuple[Param, ...]] = (BACKLOG_ITEMS, PERSIST)

    def prepare(self, connection: Any, case: Case) -> dict[str, ParamValue]:
        logged = case.params["persist"] != "none"
        connection.execute(
            f"CREATE {'' if logged else 'UNLOGGED'} TABLE {self._table} "
            "(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body bytea NOT NULL)"
        )
        synced = connection.execute("SHOW fsync").fetchone() == ("on",)
        return {"persist": _PERSISTENCE[logged + (logged and synced)]}

    def clear_away(self) -> None:
        with self.connected() as connection:
            connection.execute(f"DROP TABLE {self._table}")

    @property
    def _table(self) -> str:
        return f'"{self.name_there}"'

    def open_producer(self) -> list[Send]:
        return [self.statements(f"INSERT INTO {self._table} (body) VALUES ($1)", ("bytea",)).send]

    def open_producer_of_many(self) -> list[SendMany]:
        insert = f"INSERT INTO {self._table} (body) SELECT unnest($1)"
        send = self.statements(insert, ("bytea[]",)).send
        return [lambda messages: send(_array(messages))]

    def open_consumer(self, index: int) -> Receive:
        receive = self.open_consumer_of_many(index)
        return lambda: receive(1)[0]

    def open_consumer_of_many(self, index: int) -> ReceiveMany:
        self.kept = self.connected()
        link = self.kept.pgconn
        checked(link.prepare(b"", _TAKE.format(table=self._table).encode()))

        def receive(most: int) -> list[bytes]:
            while True:
                found = checked(link.exec_prepared(b"", [b"%d" % most], result_format=1))
                if found.ntuples:
                    return [found.get_value(row, 0) for row in range(found.ntuples)]
                time.sleep(_NAP_S)

        return receive


def _array(messages: Sequence[bytes]) -> bytes:
    """As the server sends and takes arrays of bytea in binary."""
    head = _ARRAY.pack(1, 0, _BYTEA_OID, len(messages), 1)
    return head + b"".join(_LENGTH.pack(len(message)) + message for message in messages)
