"""What PostgreSQL's transports have in common: a server that is asked who it is, connections, statements on their way.

Every statement is a transaction of its own. The producer sends them one behind the other (pipeline mode), as many as
may be unconfirmed; confirmed is what the server says to have committed.
"""

from __future__ import annotations

__all__ = ["PgTransport", "Statements", "checked"]

from collections.abc import Sequence
from typing import Any, ClassVar

from queuemark.model.address import read_address
from queuemark.model.transport import Param, ParamValue
from queuemark.runners.python.transport import BACKLOG_ITEMS, Case, Transport, Unavailable

PORT = 5432
_DATABASE = "postgres"
"""There is one of that name on every server."""

_OLDEST = 100_000
"""As the library has it: version 10, the oldest that psycopg speaks with."""

_CONNECTED_WITHIN_S = 10
_ON_THEIR_WAY = 1000
"""Statements without a result where nobody asks for confirmations: what waits must be somewhere."""

_NAME_CHARACTERS = 40
"""Of the trial's own id; names have 63 at the most."""


class PgTransport(Transport):
    """Something with a name on a server, which is gone with the trial."""

    broker = "postgresql"
    needs = "psycopg"
    distribution = "'queuemark[brokers]'"
    policies = ("each", "vector")
    acks = ("fence", "none", "each", "window")
    copies = 5
    params: ClassVar[tuple[Param, ...]] = (BACKLOG_ITEMS,)

    def __init__(self, case: Case) -> None:
        self.address = read_address(case.server or "", "postgresql", PORT, named=True)
        self.unconfirmed = case.unconfirmed
        self.name_there = f"queuemark-{case.run_id[-_NAME_CHARACTERS:]}"
        self.told = self._asked(case)

    def connected(self) -> Any:
        """A connection that commits each statement, and a commit is written when it is confirmed.

        Raises: psycopg.Error.
        """
        import psycopg

        place = self.address
        return psycopg.connect(
            host=place.host,
            port=place.port,
            user=place.user,
            password=place.password,
            dbname=place.name or _DATABASE,
            connect_timeout=_CONNECTED_WITHIN_S,
            options="-c synchronous_commit=on",
            autocommit=True,
        )

    def statements(self, statement: str, types: Sequence[str]) -> Statements:
        """For the producer's role. types: of the parameters."""
        self.sent = Statements(self.connected(), self.unconfirmed, statement, types)
        return self.sent

    def prepare(self, connection: Any, case: Case) -> dict[str, ParamValue]:
        """In the parent: makes what the trial needs there; returns what was granted of the parameters."""
        return {}

    def confirm(self) -> None:
        self.sent.settle()

    def granted(self) -> dict[str, ParamValue]:
        return self.told

    def forget(self) -> None:
        """It holds nothing in the parent but what it needs to clear away."""

    def _asked(self, case: Case) -> dict[str, ParamValue]:
        """Raises: Unavailable."""
        import psycopg

        try:
            with self.connected() as connection:
                version = str(connection.info.parameter_status("server_version"))
                if connection.info.server_version < _OLDEST:
                    raise Unavailable(f"{self.address} is PostgreSQL {version}", "take 10 or later")
                return {"server_version": version.partition(" ")[0], **self.prepare(connection, case)}
        except psycopg.Error as error:
            raise Unavailable(f"{self.address}: {self._reason(error)}", _REMEDY) from error

    def _reason(self, error: Exception) -> str:
        """The server's words in one line, and not whose login it refused."""
        said = " ".join(f"{type(error).__name__}: {error}".split())
        return said.replace(f'"{self.address.user}"', "of that login")


_REMEDY = (
    "see that a PostgreSQL server is there, and that it takes this login: postgresql://USER:PASSWORD@HOST:5432/NAME"
)


class Statements:
    """One prepared statement, sent again and again. unconfirmed: how many wait for results; 0: nobody asks for any."""

    def __init__(self, connection: Any, unconfirmed: int, statement: str, types: Sequence[str]) -> None:
        self._kept, self._link = connection, connection.pgconn
        self._high, self._waiting = unconfirmed or _ON_THEIR_WAY, 0
        oids = [connection.adapters.types.get_oid(name) for name in types]
        checked(self._link.prepare(b"", statement.encode(), oids))
        self._formats = [1] * len(types)
        self._link.enter_pipeline_mode()

    def send(self, *values: bytes) -> None:
        """A transaction of its own.

        Raises: psycopg.Error, also for those before it.
        """
        self._link.send_query_prepared(b"", values, self._formats)
        self._link.pipeline_sync()
        self._waiting += 1
        self._read(self._waiting - self._high + 1)

    def settle(self) -> None:
        """Returns when all that was sent is committed."""
        self._read(self._waiting)

    def _read(self, results: int) -> None:
        from psycopg.pq import ExecStatus

        for _ in range(results):
            # Its result, what ends it, and the answer to the synchronisation behind it.
            while (result := self._link.get_result()) is None or result.status != ExecStatus.PIPELINE_SYNC:
                if result is not None:
                    checked(result)
            self._waiting -= 1


def checked(result: Any) -> Any:
    """Raises: psycopg.Error."""
    from psycopg.errors import error_from_result
    from psycopg.pq import ExecStatus

    if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        raise error_from_result(result)
    return result
