"""A server's program while it runs for one trial: started, listened to until it is ready, and ended.

1. It is in a process group of its own: Ctrl-C in the terminal does not reach it.
2. It ends with this process, however that ends (guard.py), and with the block that it was started for.
3. What it says is read all the time, so that it never waits for a reader; the last lines are kept.
4. What it keeps is in a directory that is gone when it is, also when this process was killed.
"""

from __future__ import annotations

__all__ = ["Program", "digest", "new_store"]

import contextlib
import hashlib
import os
import re
import secrets
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from queuemark.brokers import guard
from queuemark.brokers.broker import BrokerUnavailable

_KEPT_LINES = 20
_ENDED_S = 5.0
"""How long a program may take that is not killed at once."""


@cache
def digest(program: Path) -> str:
    """SHA-256 of a program, in hexadecimal digits."""
    with program.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def new_store(kind: str) -> Path:
    """Where a server of this kind may have its directory: where temporary files are, under a name that nobody has."""
    return Path(tempfile.gettempdir()) / f"queuemark-{kind}-{os.getpid()}-{secrets.token_hex(4)}"


class Program:
    """A server's process. Its output is one stream of lines.

    It ends with the thread that starts it, too: to the kernel that is its parent.
    """

    def __init__(
        self,
        program: Path,
        arguments: Sequence[str],
        *,
        store: Path | None = None,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        before: Sequence[str] = (),
        ending: signal.Signals = signal.SIGKILL,
    ) -> None:
        """store: a directory that is made for it, see new_store. environment: what differs from this process's own.

        user: whose process it is, of those whom this one may become; None: the same. before: a command that must
        succeed first. ending: the signal that ends it; what does not end by another one is killed.

        Raises: BrokerUnavailable.
        """
        self.program, self._store, self._ending = program, store, ending
        guarded = [sys.executable, "-IS", guard.__file__, "--ending", str(int(ending))]
        if user is not None:
            guarded += ["--user", user]
        if before:
            guarded += ["--before", shlex.join(before)]
        command = (*guarded, str(os.getpid()), str(store or ""), str(program), *arguments)
        try:
            # Without close_fds and preexec_fn the child is vforked: no page table of this process is copied.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                close_fds=False,
                process_group=0,
                env={**os.environ, **(environment or {})},
                text=True,
                errors="replace",
            )
        except OSError as error:
            raise self._unavailable(f"cannot be started: {error.strerror or error}") from error
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._said = threading.Condition()
        self._ended = False
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def await_words(self, patterns: Sequence[re.Pattern[str]], timeout_s: float) -> list[re.Match[str]]:
        """The first line that fits each pattern, once all have come.

        Raises: BrokerUnavailable when it ends before, or says nothing of the kind for so long.
        """
        deadline = time.monotonic() + timeout_s
        with self._said:
            while True:
                found = [self._line_with(pattern) for pattern in patterns]
                held = [match for match in found if match is not None]
                if len(held) == len(patterns):
                    return held
                if self._ended:
                    # Its output ends a moment before it does.
                    self._await_end(_ENDED_S)
                    raise self._unavailable(f"{self._killing() or 'ended'} before it was ready{self.last_words}")
                if not self._said.wait(deadline - time.monotonic()):
                    raise self._unavailable(f"was not ready within {timeout_s:g} s{self.last_words}")

    def has_said(self, pattern: re.Pattern[str]) -> bool:
        """Whether one of the last lines fits."""
        with self._said:
            return self._line_with(pattern) is not None

    def cpu_ns(self) -> int | None:
        """User and system time that it has taken so far; None when it has ended."""
        # The clock of a process, by its id: MAKE_PROCESS_CPUCLOCK of linux/posix-timers.h, CPUCLOCK_SCHED.
        with contextlib.suppress(OSError):
            return time.clock_gettime_ns((~self._process.pid << 3) | 2)
        return None

    def fate(self) -> str | None:
        """How it has ended by itself, or None while it runs; it is not reaped by this."""
        found = self._found_ended()
        return None if found is None else self._killing() or f"ended with {found.si_status}{self.last_words}"

    def end(self) -> None:
        """Ends it: nothing of it is to be kept. While it is not reaped its group's number stays its own.

        Its output ends when its store is removed.
        """
        if self._ending is not signal.SIGKILL:
            self._send(self._ending)
            self._await_end(_ENDED_S)
        self._send(signal.SIGKILL)
        self._process.wait()
        self._listener.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        if self._store is not None:
            # Nothing is there any more, unless the process that removes it was killed.
            shutil.rmtree(self._store, ignore_errors=True)

    def _found_ended(self) -> os.waitid_result | None:
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)

    def _killing(self) -> str | None:
        """By which signal it has ended, told behind its name, or None."""
        found = self._found_ended()
        if found is None or found.si_code == os.CLD_EXITED:
            return None
        return f"was killed by {signal.Signals(found.si_status).name}"

    def _send(self, ending: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, ending)

    def _await_end(self, timeout_s: float) -> None:
        """It is not reaped by this."""
        descriptor = os.pidfd_open(self._process.pid)
        try:
            select.select([descriptor], [], [], timeout_s)
        finally:
            os.close(descriptor)

    @property
    def last_words(self) -> str:
        return f"; it said: {self._lines[-1]}" if self._lines else ""

    def _line_with(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        return next((match for line in self._lines if (match := pattern.search(line))), None)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._said:
                self._lines.append(line.strip())
                self._said.notify()
        with self._said:
            self._ended = True
            self._said.notify()

    def _unavailable(self, what: str) -> BrokerUnavailable:
        return BrokerUnavailable(f"{self.program} {what}", f"try in a shell: {self.program} --help")
