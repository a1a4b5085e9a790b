"""Roles in an event loop: a task each, all in one thread, or each alone in a process whose ends are coroutines.

It is a module of its own since an event loop takes its time to import, and most transports need none.
"""

from __future__ import annotations

__all__ = ["run_alone", "run_tasks"]

import asyncio
import os
from collections.abc import Sequence
from multiprocessing.connection import Connection

from queuemark.runners.python.ends import END, In, Out, once_each
from queuemark.runners.python.found import Received, Sent
from queuemark.runners.python.host import Host
from queuemark.runners.python.options import Options
from queuemark.runners.python.placement import cpus_of, pin
from queuemark.runners.python.role import follow, reason_of, work
from queuemark.runners.python.setup import Failure, Report, Running, Setup
from queuemark.runners.python.shared import Gate
from queuemark.runners.python.stamping import now_ns
from queuemark.runners.python.transport import AsyncReceive, AsyncSend, AsyncTransport, Transport


class LoopHost(Host):
    """A role that lets others run where it waits."""

    async def opened_out(self, transport: Transport, options: Options) -> Out:
        assert isinstance(transport, AsyncTransport)
        return AsyncOut(await transport.connect_producer(), transport.frame_bytes, all=options.fans_out)

    async def opened_in(self, transport: Transport, index: int, options: Options) -> In:
        assert isinstance(transport, AsyncTransport)
        return AsyncIn(await transport.connect_consumer(index))

    async def confirmed(self, transport: Transport) -> None:
        assert isinstance(transport, AsyncTransport)
        await transport.confirmed()

    async def through(self, gate: Gate) -> None:
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[None] = loop.create_future()
        descriptor = os.dup(gate.fileno())
        # The loop may find it readable once more before this task goes on.
        loop.add_reader(descriptor, lambda: None if opened.done() else opened.set_result(None))
        try:
            await opened
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
        gate.pass_through()

    async def until(self, moment_ns: int) -> None:
        # A client that writes in a task of its own has its turn before every message.
        await asyncio.sleep(0)
        await super().until(moment_ns)

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class AsyncOut(Out):
    """all: every message goes to every consumer."""

    def __init__(self, sends: Sequence[AsyncSend], frame_bytes: int, *, all: bool) -> None:
        super().__init__((), frame_bytes)
        self._awaited, self._all = sends, all

    async def send(self, stream: int, messages: Sequence[bytes], message_bytes: int) -> None:
        sends = self._awaited if self._all else [self._awaited[stream]]
        for message in messages:
            for send in sends:
                await send(message)
        self._count(len(messages) * len(sends), message_bytes * len(sends))

    async def end(self, copies: int) -> None:
        for send in self._awaited if self._all else once_each(self._awaited, copies):
            await send(END)


class AsyncIn(In):
    """An end that is awaited."""

    def __init__(self, receive: AsyncReceive) -> None:
        super().__init__(bytes)
        self._awaited = receive

    async def receive(self, most: int) -> list[bytes]:
        receive = self._awaited
        messages: list[bytes] = []
        while len(messages) < most and (message := await receive()):
            messages.append(message)
        self._count(len(messages), most)
        return messages

    async def receive_timed(self, most: int, came_ns: list[int]) -> list[bytes]:
        receive = self._awaited
        messages: list[bytes] = []
        while len(messages) < most and (message := await receive()):
            came_ns.append(now_ns())
            messages.append(message)
        self._count(len(messages), most)
        return messages


def run_alone(setup: Setup, transport: Transport, worker: int) -> Sent | Received:
    """One role that has its process for itself."""
    assert isinstance(transport, AsyncTransport)
    with asyncio.Runner(loop_factory=transport.loop) as runner:
        return runner.run(work(setup, transport, worker, LoopHost(crowded=setup.crowded), "process"))


def run_tasks(setup: Setup, reports: Connection) -> None:
    """All roles, a task each, in one event loop."""
    follow(setup.runner_pid)
    pin(cpus_of(0, setup.options.placement, setup.allowed_cpus))
    assert issubclass(setup.kind, AsyncTransport)
    transport = setup.kind(setup.case)
    with asyncio.Runner(loop_factory=transport.loop) as runner:
        runner.run(_tasks(setup, transport, reports))


async def _tasks(setup: Setup, transport: AsyncTransport, reports: Connection) -> None:
    reports.send(Running(dict.fromkeys(range(setup.workers), os.getpid()), transport.granted()))
    host = LoopHost(crowded=True)

    async def role(worker: int) -> None:
        try:
            found = await work(setup, transport, worker, host, "none" if worker else "thread")
            reports.send(Report(worker, found))
        except Exception as error:  # noqa: BLE001 - whatever a mechanism raises is why the trial fails
            reports.send(Failure(worker, reason_of(error)))

    await asyncio.gather(*(role(worker) for worker in range(setup.workers)))
