"""What Redis' transports have in common: a server that is asked who it is, connections, and commands with replies.

Confirmed is what the server has replied to. With the acks ``fence`` and ``none`` it is told to be silent (CLIENT REPLY
OFF), and for the fence to speak again: that reply says that everything before it was done.
"""

from __future__ import annotations

__all__ = ["Commands", "RedisTransport"]

from collections.abc import Sequence
from typing import Any, ClassVar

from queuemark.model.address import read_address
from queuemark.model.transport import Durability, Param, ParamValue
from queuemark.runners.python.transport import BACKLOG_ITEMS, Case, Transport, Unavailable

PORT = 6379
_OLDEST = (7, 0)
"""The first that gives several elements by one call that waits (BLMPOP)."""

_ASKED_S, _LEAVING_S = 5.0, 1.0

PERSIST = Param(
    name="persist",
    unit="choice",
    default="none",
    choices=["none", "everysec", "always"],
    help="the append-only file: none, synced once a second, or before each reply (appendfsync)",
)


class RedisTransport(Transport):
    """One key for what all consumers share, one for each consumer else; they are gone with the trial."""

    broker = "redis"
    needs = "redis"
    distribution = "'queuemark[brokers]'"
    policies = ("each", "vector")
    acks = ("fence", "none", "each", "window")
    durability: ClassVar[tuple[Durability, ...]] = ("nothing", "server", "machine")
    copies = 5
    max_size_bytes = 64 << 20
    params: ClassVar[tuple[Param, ...]] = (BACKLOG_ITEMS, PERSIST)

    def __init__(self, case: Case) -> None:
        self.address = read_address(case.server or "", "redis", PORT)
        self.unconfirmed = case.unconfirmed
        alone = case.fans_out or case.dispatch == "compete"
        key = f"queuemark-{case.run_id}"
        self.keys = [key] if alone else [f"{key}-{index}" for index in range(case.consumers)]
        self.told = self._asked()

    def prepare(self, client: Any) -> None:
        """Makes what must be there before the roles are.

        Raises: redis.RedisError.
        """

    def connected(self, timeout_s: float | None = None) -> Any:
        """A client with one connection, which does not try again; timeout_s: for each reply, None: as long as it takes.

        Raises: redis.RedisError.
        """
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        place = self.address
        return redis.Redis(
            host=place.host,
            port=place.port,
            username=place.user,
            password=place.password,
            protocol=2,
            socket_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
            single_connection_client=True,
        )

    def commands(self) -> Commands:
        """For the producer's role."""
        self.sent = Commands(self.connected(), self.unconfirmed)
        return self.sent

    def key_of(self, index: int) -> str:
        return self.keys[index if len(self.keys) > 1 else 0]

    def confirm(self) -> None:
        self.sent.settle()

    def granted(self) -> dict[str, ParamValue]:
        return self.told

    def forget(self) -> None:
        """It holds nothing in the parent but what it needs to clear away."""

    def clear_away(self) -> None:
        with self.connected(_LEAVING_S) as client:
            client.delete(*self.keys)

    def _asked(self) -> dict[str, ParamValue]:
        """Raises: Unavailable."""
        import redis

        try:
            with self.connected(_ASKED_S) as client:
                version = str(client.info("server")["redis_version"])
                if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST:
                    raise Unavailable(f"{self.address} is Redis {version}", f"take {_OLDEST[0]}.{_OLDEST[1]} or later")
                persist = _persistence(client.config_get("append*"))
                self.prepare(client)
        except (redis.RedisError, KeyError) as error:
            raise Unavailable(f"{self.address}: {_reason(error)}", _REMEDY) from error
        parser = "hiredis" if redis.utils.HIREDIS_AVAILABLE else "python"
        return {"server_version": version, "persist": persist, "parser": parser}


_REMEDY = "see that a Redis server is there, and that it takes this login: redis://USER:PASSWORD@HOST:6379"


def _persistence(config: dict[str, str]) -> str:
    return "none" if config["appendonly"] == "no" else config["appendfsync"]


def _reason(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


class Commands:
    """Commands of one connection. unconfirmed: how many wait for replies; 0: none is given."""

    def __init__(self, client: Any, unconfirmed: int) -> None:
        self._client, self._connection = client, client.connection
        self._high, self._waiting = unconfirmed, 0
        if not unconfirmed:
            self._be_silent()

    def send(self, *words: str | bytes) -> None:
        """One command.

        Raises: redis.RedisError, also for those before it.
        """
        self._connection.send_command(*words)
        self._sent(1)

    def send_all(self, commands: Sequence[Sequence[str | bytes]]) -> None:
        """Several by one call (a pipeline)."""
        self._connection.send_packed_command(self._connection.pack_commands(commands))
        self._sent(len(commands))

    def settle(self) -> None:
        """Returns when all that was sent is done."""
        if not self._high:
            self._connection.send_command("CLIENT", "REPLY", "ON")
            self._connection.read_response()
            self._be_silent()
        self._read(self._waiting)

    def _sent(self, commands: int) -> None:
        if self._high:
            self._waiting += commands
            self._read(self._waiting - self._high + 1)

    def _read(self, replies: int) -> None:
        for _ in range(replies):
            self._connection.read_response()
            self._waiting -= 1

    def _be_silent(self) -> None:
        self._connection.send_command("CLIENT", "REPLY", "OFF")
