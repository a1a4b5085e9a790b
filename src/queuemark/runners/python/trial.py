"""One trial: roles in processes of their own, watched by a parent that sleeps.

1. Every process is a fresh interpreter (multiprocessing's spawn), none is a copy of this one.
2. The parent sleeps until a role reports or ends, the producer comes to its next stage, somebody asks for the end, or
   something is due: a tick, a look at the progress, the end of the time, a stall, the deadline.
3. A role that fails or dies ends the trial at once; so does one in which nothing moves.
4. Whatever happens here, no process is left.
"""

from __future__ import annotations

__all__ = ["EXIT_CODES", "Interrupted", "perform"]

import multiprocessing
import os
import resource
import selectors
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from queuemark.model.events import CONTRACT, Event, Ready, Result, Tick
from queuemark.model.transport import ParamValue
from queuemark.model.trial import PROGRESS_HIGH
from queuemark.model.workload import SEQUENCE_BYTES
from queuemark.runners.python.fault import draw_fault
from queuemark.runners.python.found import value_entries
from queuemark.runners.python.launch import launch_alone, launch_together
from queuemark.runners.python.options import Options
from queuemark.runners.python.own_messages import read_records
from queuemark.runners.python.placement import allowed_cpus
from queuemark.runners.python.setup import Failure, Report, Running, Setup
from queuemark.runners.python.shared import Memory, Shared
from queuemark.runners.python.stamping import Stamping, now_ns
from queuemark.runners.python.tracker import start_apart
from queuemark.runners.python.transport import Case, Transport
from queuemark.runners.python.verdict import Outcome, judge

EXIT_CODES = {"ok": 0, "failed": 4, "unavailable": 3}

_TICK_NS = 250_000_000
_PROGRESS_NS = 25_000_000
_CAUSE_PATIENCE_S = 0.05
_CHECKS_PER_STALL = 4
"""A stall is seen by several looks in a row: when the whole machine was paused, time alone has passed."""

_NEVER = 1 << 62


class Interrupted(Exception):
    """Somebody asked for the end; result: what had moved by then."""

    def __init__(self, result: Result) -> None:
        super().__init__("interrupted")
        self.result = result


def perform(options: Options, kind: type[Transport], say: Callable[[Event], None]) -> Result:
    """Runs one trial to its end; say is told of what a runner prints before its result.

    Raises: UsageError, Unavailable, OSError when it cannot be set up; Interrupted.
    """
    began_ns = now_ns()
    setup = _set_up(options, kind)
    with Parent(setup, say, began_ns) as parent:
        return parent.run()


def _set_up(options: Options, kind: type[Transport]) -> Setup:
    path = options.messages_path
    records = read_records(path, options.messages_format) if path is not None else []
    largest_bytes = SEQUENCE_BYTES + max(map(len, records)) if records else options.size_bytes
    case = _case(options, largest_bytes)
    kind.check_fits(largest_bytes)
    kind.check_case(case)
    options.require_fitting_vector(largest_bytes)
    deal_items = int(options.params.get("deal_items", 1))
    marks_bytes = 8 * value_entries(options.size_bytes) if options.bare_values else options.items_high + 1
    return Setup(
        options=options,
        kind=kind,
        case=case,
        shared=Shared(options.consumers, options.streams),
        stamping=Stamping(options) if Stamping.possible(options) else None,
        fault=draw_fault(options, deal_items),
        marks=[Memory(marks_bytes) for _ in range(options.consumers)] if options.competing else [],
        deal_items=deal_items,
        runner_pid=os.getpid(),
        allowed_cpus=allowed_cpus(),
    )


def _case(options: Options, largest_bytes: int) -> Case:
    return Case(
        options.consumers,
        largest_bytes,
        options.params,
        run_id=options.run_id,
        pattern=options.pattern,
        dispatch=options.dispatch,
        ack=options.ack,
        server=options.server,
    )


class Parent:
    """The watching of one trial. A host is a process; where roles are threads or tasks all are in one."""

    def __init__(self, setup: Setup, say: Callable[[Event], None], began_ns: int) -> None:
        self._setup, self._options, self._shared, self._say = setup, setup.options, setup.shared, say
        self._outcome = Outcome(granted={}, began_ns=began_ns)
        self._hosts: list[BaseProcess] = []
        self._workers_of: dict[int, list[int]] = {}
        self._ids: dict[int, int] = {}
        self._interrupted = False
        self._stage = 0
        self._selector = selectors.DefaultSelector()
        self._reports: list[Connection] = []
        self._forget: Callable[[], None] = lambda: None
        self._clear_away: Callable[[], None] = lambda: None

    def __enter__(self) -> Parent:
        return self

    def __exit__(self, *_: object) -> None:
        self._end_all()
        with suppress(Exception):
            self._clear_away()
        self._selector.close()
        for connection in self._reports:
            connection.close()

    def run(self) -> Result:
        with self._woken_by_signals():
            self._start()
            self._watch()
            self._end_all()
        self._outcome.ended_ns = now_ns()
        result = judge(self._setup, self._outcome)
        result.peak_memory_bytes += resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        if self._interrupted:
            raise Interrupted(result)
        return result

    # ---- starting

    def _start(self) -> None:
        _raise_descriptor_limit()
        start_apart()
        context = multiprocessing.get_context("spawn")
        kind, workers = self._setup.kind, list(range(self._setup.workers))
        if kind.roles == "processes":
            transport = kind(self._setup.case)
            self._outcome.granted = self._granted(transport.granted())
            self._forget, self._clear_away = transport.forget, transport.clear_away
            # Consumers first: what they wait for is then there for all of them.
            for worker in [*workers[1:], 0]:
                theirs = self._connected(context)
                host = context.Process(target=launch_alone, args=(self._setup, transport, worker, theirs))
                self._start_host(host, theirs, [worker])
        else:
            theirs = self._connected(context)
            host = context.Process(target=launch_together, args=(self._setup, theirs))
            self._start_host(host, theirs, workers)
        self._selector.register(self._shared.stage, selectors.EVENT_READ, self._enter_stage)

    def _connected(self, context: multiprocessing.context.SpawnContext) -> Connection:
        ours, theirs = context.Pipe(duplex=False)
        self._reports.append(ours)
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._take_report(ours))
        return theirs

    def _start_host(self, host: BaseProcess, theirs: Connection, workers: list[int]) -> None:
        host.start()
        theirs.close()
        self._hosts.append(host)
        self._workers_of[host.sentinel] = workers
        self._selector.register(host.sentinel, selectors.EVENT_READ, lambda: self._take_end(host))
        if host.pid is not None and len(workers) == 1:
            self._ids[workers[0]] = host.pid

    def _granted(self, granted: dict[str, ParamValue]) -> dict[str, ParamValue]:
        return {**self._options.params, **granted}

    # ---- watching

    def _watch(self) -> None:
        now = now_ns()
        self._deadline_ns = self._outcome.began_ns + int(self._options.deadline_s * 1e9)
        self._check_interval_ns = int(self._options.stall_s * 1e9) // _CHECKS_PER_STALL
        self._check_ns = now + self._check_interval_ns
        self._tick_ns = self._sample_ns = self._stop_ns = _NEVER
        self._sample_interval_ns = _PROGRESS_NS
        self._moved, self._moved_ns, self._idle_checks = self._shared.moved(), now, 0
        while self._outcome.failure is None and len(self._outcome.found) < self._setup.workers:
            due_ns = min(self._deadline_ns, self._check_ns, self._tick_ns, self._sample_ns, self._stop_ns)
            for key, _ in self._selector.select(max(0, due_ns - now_ns()) / 1e9):
                if self._outcome.failure is None:
                    key.data()
            self._keep_time(now_ns())

    def _take_report(self, connection: Connection) -> None:
        """What one look has found may have been taken already, behind the end of another role."""
        if connection not in self._selector.get_map() or not connection.poll():
            return
        try:
            said = connection.recv()
        except EOFError:
            self._selector.unregister(connection)
            return
        if isinstance(said, Report):
            self._outcome.found[said.worker] = said.found
        elif isinstance(said, Running):
            self._ids, self._outcome.granted = said.ids, self._granted(said.granted)
        elif isinstance(said, Failure):
            self._outcome.failure = self._cause(said)

    def _cause(self, failure: Failure) -> str:
        """A worker that fails because another one was killed (a broken pipe, say) is not the cause."""
        for host in self._hosts:
            host.join(_CAUSE_PATIENCE_S / len(self._hosts))
        killed = next((host for host in self._hosts if host.exitcode is not None and host.exitcode < 0), None)
        if killed is not None:
            return self._death_of(killed)
        return f"{_role(failure.worker)} failed{self._progress_of(failure.worker)}: {failure.reason}"

    def _take_end(self, host: BaseProcess) -> None:
        """A process that has reported has nothing more to do; its report may still lie in the pipe."""
        self._selector.unregister(host.sentinel)
        host.join()
        workers = self._workers_of[host.sentinel]
        if host.exitcode or not self._reported_by(workers):
            self._outcome.failure = self._outcome.failure or self._death_of(host)

    def _reported_by(self, workers: list[int]) -> bool:
        for connection in self._reports:
            while connection in self._selector.get_map() and connection.poll():
                self._take_report(connection)
        return all(worker in self._outcome.found for worker in workers)

    def _death_of(self, host: BaseProcess) -> str:
        workers = self._workers_of[host.sentinel]
        fault = self._setup.fault
        blamed = next((worker for worker in workers if self._shared.fault_of(worker) is not None), workers[0])
        if fault is not None and fault.consumer is None:
            blamed = workers[0]
        code = host.exitcode or 0
        if code < 0:
            said = f"was killed by signal {-code} ({signal.strsignal(-code)}){self._progress_of(blamed)}"
        else:
            said = f"ended with exit code {code}{self._progress_of(blamed)} and left no reason"
        return f"{_role(blamed)} {said}"

    def _progress_of(self, worker: int) -> str:
        return f" after {self._shared.in_window(worker)} messages"

    def _enter_stage(self) -> None:
        """The producer has told that the probes have passed, or, the second time, that it opens the window."""
        self._shared.stage.pass_through()
        self._stage += 1
        if self._stage == 1:
            self._forget()
            consumers = [self._ids[1 + index] for index in range(self._options.consumers)]
            self._say(
                Ready(
                    contract=CONTRACT,
                    run_id=self._options.run_id,
                    producer_pid=self._ids[0],
                    consumer_pids=consumers,
                    granted=self._outcome.granted,
                )
            )
            return
        self._told_ns = now_ns()
        self._tick_ns, self._sample_ns = self._told_ns + _TICK_NS, self._told_ns + _PROGRESS_NS
        if self._options.items is None:
            self._stop_ns = self._told_ns + self._duration_ns

    @property
    def _duration_ns(self) -> int:
        return int(self._options.duration_s * 1e9)

    def _keep_time(self, now: int) -> None:
        if now >= self._stop_ns:
            self._stop_at(now)
        if now >= self._tick_ns:
            sent, delivered = self._shared.in_window(0), self._shared.delivered()
            self._say(Tick(elapsed_ns=now - self._told_ns, sent=sent, delivered=delivered))
            self._tick_ns = now + _TICK_NS
        if now >= self._sample_ns:
            self._sample_ns = self._sample_progress(now)
        if now >= self._check_ns:
            self._check_progress(now)
            self._check_ns = now + self._check_interval_ns
        if now >= self._deadline_ns and self._outcome.failure is None:
            self._outcome.failure = f"not finished within the deadline of {self._options.deadline_s:g} s"

    def _stop_at(self, now: int) -> None:
        """The producer opens the window after it has told so, perhaps much later on a busy machine."""
        opened_ns = self._shared.opened_ns
        end_ns = opened_ns + self._duration_ns if opened_ns else now + 1_000_000
        self._stop_ns = _NEVER if now >= end_ns else end_ns
        if now >= end_ns:
            self._shared.stop()

    def _sample_progress(self, now: int) -> int:
        """Notes how far the consumers are; when there are as many points as may be, every second one is dropped."""
        opened_ns, points = self._shared.opened_ns, self._outcome.progress
        if not opened_ns:
            return now + 1_000_000
        if len(points) == PROGRESS_HIGH:
            del points[::2]
            self._sample_interval_ns *= 2
        delivered = self._shared.delivered()
        # The clock comes last: what is told as delivered was so by then.
        elapsed_ns = now_ns() - opened_ns
        points.append((elapsed_ns, delivered))
        return opened_ns + (elapsed_ns // self._sample_interval_ns + 1) * self._sample_interval_ns

    def _check_progress(self, now: int) -> None:
        moved = self._shared.moved()
        if moved != self._moved:
            self._moved, self._moved_ns, self._idle_checks = moved, now, 0
            return
        self._idle_checks += 1
        if self._idle_checks >= _CHECKS_PER_STALL and now - self._moved_ns >= self._stall_high_ns:
            self._outcome.failure = self._outcome.failure or self._standstill()

    @property
    def _stall_high_ns(self) -> int:
        """Between two messages of a paced trial nothing need move; nor while interpreters start."""
        rate, stall_ns = self._options.rate_per_s, int(self._options.stall_s * 1e9)
        starting_ns = 0 if self._shared.all_arrived() else _STARTING_NS
        return stall_ns + starting_ns + (int(1e9 / rate) + 1 if rate is not None else 0)

    def _standstill(self) -> str:
        in_window = bool(self._shared.opened_ns)
        messages = self._shared.in_window if in_window else self._shared.before_window
        waiting = [f"{_role(worker)} after {messages(worker)} messages" for worker in self._unfinished()]
        text = f"stalled: nothing moved for {self._options.stall_s:g} s{'' if in_window else ' during the warm-up'}"
        shown = ", ".join(waiting[:5]) + (", ..." if len(waiting) > 5 else "")
        return f"{text}; the producer had sent {messages(0)} messages" + (f", still waiting: {shown}" if shown else "")

    def _unfinished(self) -> Iterator[int]:
        return (worker for worker in range(1, self._setup.workers) if worker not in self._outcome.found)

    # ---- ending

    @contextmanager
    def _woken_by_signals(self) -> Iterator[None]:
        """SIGINT, SIGTERM and SIGHUP end the trial; the selector wakes at once."""
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setblocking(False)
        endings = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {ending: signal.signal(ending, lambda *_: None) for ending in endings}
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        self._selector.register(ours, selectors.EVENT_READ, self._interrupt)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            for ending, handler in before.items():
                signal.signal(ending, handler)
            self._selector.unregister(ours)
            ours.close()
            theirs.close()

    def _interrupt(self) -> None:
        self._interrupted = True
        self._outcome.failure = "interrupted"

    def _end_all(self) -> None:
        """Those that came to their end are waited for, since what they hold is given back then; others are killed."""
        for host in self._hosts:
            if self._outcome.failure is not None:
                host.kill()
        for host in self._hosts:
            host.join(_LEAVING_S)
            if host.is_alive():
                host.kill()
                host.join()
        self._forget()


_STARTING_NS = 30_000_000_000
"""On a machine that has more to do than it can, an interpreter may take seconds for what takes it a tenth."""

_LEAVING_S = 5.0
"""How long a role that has reported may take to end."""


def _role(worker: int) -> str:
    return "the producer" if worker == 0 else f"consumer {worker - 1}"


def _raise_descriptor_limit() -> None:
    """Each consumer needs several; the soft limit is often 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
