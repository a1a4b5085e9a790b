"""nats-py: the client of NATS in Python, with a task that writes what was published and one that reads.

A publish returns when the message lies in the client's buffer; the PONG to a PING says that the server has read all
that was before it.
"""

from __future__ import annotations

__all__ = ["NatsPy"]

import asyncio
import ssl
from itertools import cycle
from typing import Any

from queuemark.model.address import read_address
from queuemark.model.transport import ParamValue
from queuemark.runners.python.transport import (
    BACKLOG_ITEMS,
    AsyncReceive,
    AsyncSend,
    Case,
    Unavailable,
)
from queuemark.runners.python.transports.event_loops import LOOP, EitherLoop

PORT = 4222
_ALL = "all"


class NatsPy(EitherLoop):
    """Consumers compete as a queue group, get a subject each, or, in a fan-out, all subscribe to one."""

    name = "nats-py"
    summary = "nats-py with publish and a callback for each message, through a server"
    dispatch = "compete"
    dispatches = ("compete", "deal")
    broker = "nats"
    durability = ("nothing",)
    acks = ("fence", "none")
    needs = "nats"
    distribution = "'queuemark[brokers]'"
    copies = 5
    max_size_bytes = 1 << 20
    params = (BACKLOG_ITEMS, LOOP)

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self.address = read_address(case.server or "", "nats", PORT)
        self.competing, self.consumers = case.dispatch == "compete", case.consumers
        subject = f"queuemark.{case.run_id}"
        self.ends = [f"{subject}.{index}" for index in range(case.consumers)]
        self.subjects = [f"{subject}.{_ALL}"] if self.competing or case.fans_out else self.ends
        with asyncio.Runner() as runner:
            self.told = runner.run(self._asked(case.largest_bytes))

    def granted(self) -> dict[str, ParamValue]:
        return self.told

    async def connect_producer(self) -> list[AsyncSend]:
        self.client = await self._connected()
        if self.competing:
            return [self._competed_for()]
        return [_publishing(self.client, subject) for subject in self.subjects]

    async def confirmed(self) -> None:
        await self.client.flush()

    async def connect_consumer(self, index: int) -> AsyncReceive:
        arrived: asyncio.Queue[bytes | None] = asyncio.Queue()

        async def take(message: Any) -> None:
            arrived.put_nowait(message.data)

        async def take_end(message: Any) -> None:
            # It came behind the others, but each subscription has a task of its own.
            while messages.pending_msgs:
                await asyncio.sleep(0)
            arrived.put_nowait(message.data)

        async def lose() -> None:
            arrived.put_nowait(None)

        self.client = client = await self._connected(lose)
        subject = self.subjects[index if len(self.subjects) > 1 else 0]
        unbounded = {"pending_msgs_limit": 0, "pending_bytes_limit": 0}
        messages = await client.subscribe(subject, queue=_ALL if self.competing else "", cb=take, **unbounded)
        if self.competing:
            await client.subscribe(self.ends[index], cb=take_end)
        await client.flush()
        return _receiving(arrived)

    def _competed_for(self) -> AsyncSend:
        """The server chooses who gets a message; of an end the next consumer."""
        publish, subject, ends = self.client.publish, self.subjects[0], cycle(self.ends)

        async def send(message: bytes) -> None:
            await publish(subject if message else next(ends), message)

        return send

    async def _connected(self, lose: Any = None) -> Any:
        """A client that neither tries again nor says anything by itself; lose: told that the connection is gone.

        Raises: nats.errors.Error, OSError.
        """
        import nats

        connecting = True

        async def heard(error: Exception) -> None:
            # It would try for ever to reach the first server. Later, whoever waits for the server is told.
            if connecting:
                raise error

        place = self.address
        token = place.user if place.password is None else None
        client = await nats.connect(
            str(place),
            user=None if token else place.user,
            password=place.password,
            token=token,
            allow_reconnect=False,
            # Of itself it encrypts where a server asks for that, which would be another case; so it trusts nobody.
            tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            error_cb=heard,
            closed_cb=lose,
        )
        connecting = False
        return client

    async def _asked(self, largest_bytes: int) -> dict[str, ParamValue]:
        """Raises: Unavailable."""
        import nats.errors

        try:
            client = await self._connected()
        except ssl.SSLError as error:
            raise Unavailable(f"{self.address} takes TLS connections alone", _PLAIN_REMEDY) from error
        except (nats.errors.Error, OSError) as error:
            said = " ".join(f"{type(error).__name__}: {error}".split())
            raise Unavailable(f"{self.address}: {said}", _REMEDY) from error
        version, most = client.connected_server_version, int(client.max_payload)
        await client.close()
        if largest_bytes > most:
            raise Unavailable(f"{self.address} takes messages of at most {most} bytes", "raise its max_payload")
        return {"server_version": f"{version.major}.{version.minor}.{version.patch}"}


_REMEDY = "see that a NATS server is there, and that it takes this login: nats://USER:PASSWORD@HOST:4222"
_PLAIN_REMEDY = "name a server that takes plain ones, or measure nats with -P tls=on"


def _publishing(client: Any, subject: str) -> AsyncSend:
    publish = client.publish

    async def send(message: bytes) -> None:
        await publish(subject, message)

    return send


def _receiving(arrived: asyncio.Queue[bytes | None]) -> AsyncReceive:
    take = arrived.get

    async def receive() -> bytes:
        message = await take()
        if message is None:
            raise ConnectionError("the server has closed the connection")
        return message

    return receive
