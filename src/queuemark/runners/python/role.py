"""What the roles of a trial are: the producer and the consumers, each with its end, in whatever they run in.

Every process is a fresh interpreter that ends with the runner (PR_SET_PDEATHSIG). What a role found goes back to the
runner as a report, once, at its end; so does what made it fail.
"""

from __future__ import annotations

__all__ = ["follow", "reason_of", "run_process", "run_threads", "work"]

import ctypes
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, TypeVar

import numpy as np

from queuemark.runners.python.account import Account, Competing, Ordered, Values
from queuemark.runners.python.consumer import Consumption
from queuemark.runners.python.content import Content, SmallContent, make_content
from queuemark.runners.python.found import Received, Sent
from queuemark.runners.python.host import Host
from queuemark.runners.python.latency import Arrivals
from queuemark.runners.python.numbering import Dealing, Phase, Stream
from queuemark.runners.python.options import Options
from queuemark.runners.python.own_messages import read_records
from queuemark.runners.python.placement import cpus_of, pin
from queuemark.runners.python.producer import Production
from queuemark.runners.python.setup import Failure, Report, Running, Setup
from queuemark.runners.python.transport import AsyncTransport, Transport
from queuemark.runners.python.usage import Usage, UsageOf

Kept = TypeVar("Kept")

_PR_SET_PDEATHSIG = 1


def run_process(setup: Setup, transport: Transport, worker: int, reports: Connection) -> None:
    """One role, alone in its process."""
    follow(setup.runner_pid)
    pin(cpus_of(worker, setup.options.placement, setup.allowed_cpus))
    if isinstance(transport, AsyncTransport):
        # An event loop takes its time to import.
        from queuemark.runners.python.event_loop import run_alone

        reports.send(_said(worker, lambda: run_alone(setup, transport, worker)))
    else:
        host = Host(crowded=setup.crowded)
        reports.send(_said(worker, lambda: _completed(work(setup, transport, worker, host, "process"))))


def run_threads(setup: Setup, reports: Connection) -> None:
    """All roles, a thread each."""
    follow(setup.runner_pid)
    transport = setup.kind(setup.case)
    talking, started = threading.Lock(), threading.Barrier(setup.workers + 1)
    ids: dict[int, int] = {}

    def role(worker: int) -> None:
        ids[worker] = threading.get_native_id()
        started.wait()
        pin(cpus_of(worker, setup.options.placement, setup.allowed_cpus))
        host = Host(crowded=setup.crowded)
        said = _said(worker, lambda: _completed(work(setup, transport, worker, host, "thread")))
        with talking:
            reports.send(said)

    threads = [threading.Thread(target=role, args=(worker,)) for worker in range(setup.workers)]
    for thread in threads:
        thread.start()
    started.wait()
    with talking:
        reports.send(Running(dict(ids), transport.granted()))
    for thread in threads:
        thread.join()


def follow(runner_pid: int) -> None:
    """Ends with the runner, which may have died before this call; a Ctrl-C is the runner's to answer."""
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != runner_pid:
        os._exit(1)


def _completed(work: Coroutine[Any, Any, Kept]) -> Kept:
    """Runs to its end what waits in calls alone, and never for an event loop."""
    try:
        work.send(None)
    except StopIteration as ended:
        found: Kept = ended.value
        return found
    raise RuntimeError("a role that blocks has waited for an event loop")


def _said(worker: int, work: Callable[[], Sent | Received]) -> Report | Failure:
    try:
        return Report(worker, work())
    except Exception as error:  # noqa: BLE001 - whatever a mechanism raises is why the trial fails
        return Failure(worker, reason_of(error))


def reason_of(error: Exception) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(f"{type(error).__name__}: {said}".split())


async def work(setup: Setup, transport: Transport, worker: int, host: Host, used: UsageOf) -> Sent | Received:
    usage = partial(Usage, used, with_memory=used == "process" or worker == 0)
    content = _content(setup.options)
    if worker == 0:
        out = await host.opened_out(transport, setup.options)
        setup.shared.arrive(worker)
        for _ in range(setup.options.consumers):
            await host.through(setup.shared.opened)
        return await Production(
            setup.options,
            setup.shared,
            content,
            out,
            host,
            deal_items=setup.deal_items,
            fault=setup.fault,
            stamping=setup.stamping,
            usage=usage,
            confirmed=partial(host.confirmed, transport),
        ).run()
    return await _consumption(setup, transport, worker - 1, host, content, usage)


async def _consumption(
    setup: Setup, transport: Transport, index: int, host: Host, content: Content, usage: Callable[[], Usage]
) -> Received:
    dealing = Dealing(setup.options.stream_of(index), setup.options.streams, setup.deal_items)
    arrivals = Arrivals(setup.stamping, dealing)
    end = await host.opened_in(transport, index, setup.options)
    setup.shared.arrive(1 + index)
    return await Consumption(
        setup.options,
        setup.shared,
        end,
        host,
        index=index,
        largest_bytes=content.largest_bytes,
        opened=partial(_account, setup, content, index, dealing, arrivals),
        arrivals=arrivals,
        fault=setup.fault,
        usage=usage,
    ).run()


def _account(setup: Setup, content: Content, index: int, dealing: Dealing, arrivals: Arrivals, phase: Phase) -> Account:
    """A consumer's account of one phase; before the window nothing is timed, nor kept for the parent to compare."""
    options, in_window = setup.options, phase is Phase.window
    stream = Stream.of(options.seed, dealing, phase)
    timed = arrivals if in_window else None
    if not options.competing:
        return Ordered(content, stream, options.sample, timed)
    kept = setup.marks[index].bytes
    if isinstance(content, SmallContent):
        return Values(content, stream, np.frombuffer(kept, dtype=np.int64) if in_window else None)
    return Competing(content, stream, options.sample, timed, np.frombuffer(kept, dtype=np.uint8) if in_window else None)


def _content(options: Options) -> Content:
    path = options.messages_path
    records = read_records(path, options.messages_format) if path is not None else ()
    return make_content(options.size_bytes, options.mix, records, options.seed)
