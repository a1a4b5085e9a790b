"""What a role runs in, as far as that makes a difference to it: how it waits, how it suffers a fault."""

from __future__ import annotations

__all__ = ["Host"]

import os
import signal
import threading
import time

from queuemark.runners.python.ends import FanOut, In, ManyIn, ManyOut, Out
from queuemark.runners.python.options import Options
from queuemark.runners.python.shared import Gate
from queuemark.runners.python.stamping import now_ns
from queuemark.runners.python.transport import Transport

_SPIN_NS = 100_000
"""Waking up takes longer than a message may be late, so the last of the time is spent awake."""

_PAUSE_S = 0.0001


class Host:
    """A role that blocks where it waits. crowded: others need its cpu, so it only sleeps."""

    def __init__(self, *, crowded: bool) -> None:
        self._awake_ns = 0 if crowded else _SPIN_NS

    async def opened_out(self, transport: Transport, options: Options) -> Out:
        """The producer's end."""
        frame_bytes, all_get = transport.frame_bytes, options.fans_out
        if options.buffer_bytes:
            return self._buffered(transport, options)
        if options.vector_items:
            return ManyOut(transport.open_producer_of_many(), frame_bytes, options.vector_items, all=all_get)
        return (FanOut if all_get else Out)(transport.open_producer(), frame_bytes)

    def _buffered(self, transport: Transport, options: Options) -> Out:
        from queuemark.runners.python.byte_stream import BufferedOut, ByteStream

        assert isinstance(transport, ByteStream), "no other offers the policy buffer"
        linger_ns = options.linger_us * 1000
        return BufferedOut(transport.open_writers(), options.buffer_bytes, linger_ns, all=options.fans_out)

    async def opened_in(self, transport: Transport, index: int, options: Options) -> In:
        """A consumer's end."""
        if options.vector_items:
            return ManyIn(transport.open_consumer_of_many(index), options.vector_items)
        return In(transport.open_consumer(index))

    async def confirmed(self, transport: Transport) -> None:
        """Waits until all that was sent is accepted."""
        transport.confirm()

    async def through(self, gate: Gate) -> None:
        """Waits until the gate lets it through."""
        gate.pass_through()

    async def until(self, moment_ns: int) -> None:
        """Waits for a moment of now_ns."""
        while (left_ns := moment_ns - now_ns()) > 0:
            if left_ns > self._awake_ns:
                await self._sleep((left_ns - self._awake_ns) / 1e9)

    async def pause(self) -> None:
        """Lets a moment pass: of what shows in the shared memory alone nobody is told."""
        await self._sleep(_PAUSE_S)

    async def _sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def suffer(self, fault: str) -> None:
        """What kill-consumer and stall-consumer do to a role; of threads and tasks the others have their share."""
        if fault == "kill-consumer":
            os.kill(os.getpid(), signal.SIGKILL)
        threading.Event().wait()
