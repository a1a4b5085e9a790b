"""asyncio's streams over Unix sockets: each message behind its length, drained after each, read exactly."""

from __future__ import annotations

__all__ = ["AsyncioStreams"]

import asyncio
import socket
from struct import Struct

from queuemark.runners.python.transport import AsyncReceive, AsyncSend, Case
from queuemark.runners.python.transports.event_loops import LOOP, EitherLoop

_LENGTH = Struct("<I")


class AsyncioStreams(EitherLoop):
    """A connection for each consumer; every role has an event loop in a process of its own."""

    name = "asyncio-streams"
    summary = "asyncio streams over Unix sockets with write, drain and readexactly, one connection a consumer"
    dispatch = "deal"
    frame_bytes = _LENGTH.size
    params = (LOOP,)

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        # Twice what is read ahead: a whole message and its length are never more than that.
        self.limit_bytes = 2 * case.largest_bytes + _LENGTH.size
        self.pairs = [socket.socketpair() for _ in range(case.consumers)]

    async def connect_producer(self) -> list[AsyncSend]:
        return [_sending(await self._streams(ours)) for ours, _ in self.pairs]

    async def connect_consumer(self, index: int) -> AsyncReceive:
        reader, self.writer = await self._streams(self.pairs[index][1])

        async def receive() -> bytes:
            head = await reader.readexactly(_LENGTH.size)
            return await reader.readexactly(_LENGTH.unpack(head)[0])

        return receive

    async def _streams(self, end: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        end.setblocking(False)
        return await asyncio.open_unix_connection(sock=end, limit=max(65_536, self.limit_bytes))


def _sending(streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> AsyncSend:
    _, writer = streams

    async def send(message: bytes) -> None:
        writer.write(_LENGTH.pack(len(message)) + message)
        await writer.drain()

    return send
