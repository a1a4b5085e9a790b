"""One run of a runner: a process tree of its own, watched until nothing of it is left.

1. It runs in a process group of its own: Ctrl-C in the terminal reaches the caller alone.
2. Its events are read as they come; nobody polls: a selector waits for its output, its end, the deadline, the stop.
3. A stop, a breach of the contract or the deadline ends it: SIGTERM to the runner, after 1 s SIGKILL to its group.
4. Whatever happens here, an exception in the caller's callback included, the group is killed and the runner reaped.
"""

from __future__ import annotations

__all__ = ["GRACE_S", "CannotStart", "Ending", "remedy_of_limit", "watch"]

import contextlib
import errno
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from queuemark.model.events import Event, Result
from queuemark.runners.contract import EventReader
from queuemark.runners.stop import Stop

GRACE_S = 1.0
"""Between SIGTERM and SIGKILL, and for stdout to close after the runner has ended."""

_STDERR_KEPT_BYTES = 4096
_READ_BYTES = 65536


_REMEDIES = {
    errno.EAGAIN: "raise the limit of processes (ulimit -u), or end some",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "the whole system has too many files open: end what holds them",
    errno.ENOMEM: "raise the limit of memory (ulimit -v), or free some",
}


class CannotStart(Exception):
    """The runner did not start: which, and what the system said. remedy: what to do about it."""

    def __init__(self, tried: str, error: OSError) -> None:
        super().__init__(f"{tried}: {error.strerror or error}")
        self.remedy = remedy_of_limit(error) or "see: queuemark list"


def remedy_of_limit(error: OSError) -> str | None:
    """What to do where a limit kept a process from starting; None where it was something else."""
    return _REMEDIES.get(error.errno or 0)


@dataclass(frozen=True)
class Ending:
    """How a run of a runner ended. exit_code: negative for the signal that killed it, as subprocess has it.

    breach: the first breach of the contract in words, or None. wall_ns: from before the spawn to after the reaping.
    """

    exit_code: int
    result: Result | None
    breach: str | None
    stderr_tail: str
    wall_ns: int
    stopped: bool = False
    timed_out: bool = False
    left_behind: bool = False


def watch(
    command: Sequence[str],
    *,
    run_id: str,
    deadline_s: float,
    stop: Stop,
    on_event: Callable[[Event], None] | None = None,
) -> Ending:
    """Runs a runner's command to its end.

    Raises: CannotStart when it cannot be started; whatever on_event raises, after the runner's end.
    """
    began_ns = time.monotonic_ns()
    process = _spawn(command)
    watcher: _Watcher | None = None
    try:
        watcher = _Watcher(process, EventReader(run_id, on_event), began_ns / 1e9 + deadline_s, stop)
        watcher.wait()
    finally:
        _bury(process)
        if watcher is not None:
            watcher.close()
    return Ending(
        exit_code=process.returncode,
        result=watcher.reader.result,
        breach=watcher.reader.breach,
        stderr_tail=bytes(watcher.stderr).decode("utf-8", "replace").strip(),
        wall_ns=time.monotonic_ns() - began_ns,
        stopped=watcher.stopped,
        timed_out=watcher.timed_out,
        left_behind=watcher.left_behind,
    )


def _spawn(command: Sequence[str]) -> subprocess.Popen[bytes]:
    # Without close_fds and preexec_fn the child is vforked: no page table of this process is copied.
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            close_fds=False,
            process_group=0,
            bufsize=0,
        )
    except OSError as error:
        raise CannotStart(f"{command[0]} could not be started", error) from error


def _bury(process: subprocess.Popen[bytes]) -> None:
    """Nothing of the group is left after this. While the leader is unreaped its group's number stays its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _pidfd(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except OSError as error:
        raise CannotStart(f"process {pid} could not be watched", error) from error


class _Watcher:
    """The waiting for one process: its two pipes, its pidfd, the stop and the clock."""

    def __init__(self, process: subprocess.Popen[bytes], reader: EventReader, deadline: float, stop: Stop) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process, self.reader, self.stop = process, reader, stop
        self.stdout_fd, self.stderr_fd = process.stdout.fileno(), process.stderr.fileno()
        self.stderr = bytearray()
        self.stopped = self.timed_out = self.left_behind = False
        self._ended = self._terminated = self._killed = False
        self._deadline = deadline
        self._selector = selectors.DefaultSelector()
        self._pidfd = _pidfd(process.pid)
        for fd, action in (
            (self.stdout_fd, self._read_stdout),
            (self.stderr_fd, self._read_stderr),
            (self._pidfd, self._note_end),
            (stop.fileno(), self._note_stop),
        ):
            self._selector.register(fd, selectors.EVENT_READ, action)

    def wait(self) -> None:
        """Returns when the runner has ended and its output is read to the end."""
        while not self._ended or self._open():
            remaining_s = self._deadline - time.monotonic()
            ready = self._selector.select(max(0.0, remaining_s))
            for key, _ in ready:
                key.data()
            if self.reader.breach is not None:
                self._terminate()
            if not ready and time.monotonic() >= self._deadline and not self._pass_deadline():
                return

    def close(self) -> None:
        self._selector.close()
        os.close(self._pidfd)

    def _open(self) -> bool:
        opened = self._selector.get_map()
        return self.stdout_fd in opened or self.stderr_fd in opened

    def _pass_deadline(self) -> bool:
        """The clock ran out: on to the next, harder measure; False when none is left."""
        if self._ended:
            # Its descendants hold our pipes: they are killed with the group.
            self.left_behind = True
            return False
        if self._killed:  # pragma: no cover - a process that SIGKILL does not end hangs in the kernel
            return False
        if self._terminated:
            self._killed = True
            os.killpg(self.process.pid, signal.SIGKILL)
            self._deadline = time.monotonic() + GRACE_S
        else:
            self.timed_out = True
            self._terminate()
        return True

    def _terminate(self) -> None:
        if self._terminated or self._ended:
            return
        self._terminated = True
        self._deadline = time.monotonic() + GRACE_S
        signal.pidfd_send_signal(self._pidfd, signal.SIGTERM)

    def _note_end(self) -> None:
        self._ended = True
        self._selector.unregister(self._pidfd)
        self._deadline = time.monotonic() + GRACE_S

    def _note_stop(self) -> None:
        self.stopped = True
        self._selector.unregister(self.stop.fileno())
        self._terminate()

    def _read_stdout(self) -> None:
        data = os.read(self.stdout_fd, _READ_BYTES)
        if data:
            self.reader.feed(data)
        else:
            self._selector.unregister(self.stdout_fd)
            self.reader.end()

    def _read_stderr(self) -> None:
        data = os.read(self.stderr_fd, _READ_BYTES)
        if data:
            self.stderr = (self.stderr + data)[-_STDERR_KEPT_BYTES:]
        else:
            self._selector.unregister(self.stderr_fd)
