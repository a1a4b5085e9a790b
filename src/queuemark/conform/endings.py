"""Checks of how a trial ends before its end: by a signal, by its deadline, with its caller. Nothing stays behind."""

from __future__ import annotations

__all__ = ["CHECKS"]

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from queuemark.conform.bench import Bench
from queuemark.conform.check import Check, expect
from queuemark.model.events import Ready, decode_event

INTERRUPTED = 130
_READY_WITHIN_S = 30.0
_GONE_WITHIN_S = 2.0
"""The contract grants a second; a machine that is busy has two."""


def _terminated(bench: Bench) -> None:
    for ending in (signal.SIGTERM, signal.SIGINT):
        with _running(bench) as (runner, watched):
            runner.send_signal(ending)
            code = _ended(runner)
            name = ending.name
            expect(code is not None, f"{name}: the runner did not end within {_GONE_WITHIN_S:g} s")
            expect(code == INTERRUPTED, f"{name}: it ended with exit code {code}, not {INTERRUPTED}")
            expect(_gone(watched), f"{name}: processes of the trial are left")


def _killed(bench: Bench) -> None:
    with _running(bench) as (runner, watched):
        runner.kill()
        runner.wait()
        expect(_gone(watched), "the runner was killed, and processes of the trial are left")


def _with_its_caller(bench: Bench) -> None:
    """The caller is a shell that names itself as the parent, and is killed."""
    words = bench.words(duration_s=30.0, items=None, parent_pid=1)
    place = words.index("--parent")
    del words[place : place + 2]
    shell = ["sh", "-c", '"$@" --parent $$; true', "sh", *words]
    with _started(shell) as caller:
        watched = _opened(_ready(caller))
        try:
            caller.kill()
            caller.wait()
            expect(_gone(watched), "its caller was killed, and processes of the trial are left")
        finally:
            _close(watched)


def _deadline(bench: Bench) -> None:
    trial = bench.trial(duration_s=30.0, items=None, deadline_s=2.0)
    expect(trial.state == "failed", f"a deadline of 2 s in a trial of 30 s: the trial is called {trial.state}")
    expect("deadline" in (trial.reason or ""), f"its reason does not name the deadline: {trial.reason}")
    expect("was killed" not in (trial.reason or ""), f"it does not keep the deadline itself: {trial.reason}")


@contextmanager
def _running(bench: Bench) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """A trial in its middle, and descriptors of its processes."""
    with _started(bench.words(duration_s=30.0, items=None, consumers=2)) as runner:
        watched = _opened(_ready(runner))
        try:
            yield runner, watched
        finally:
            _close(watched)


@contextmanager
def _started(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, process_group=0
    ) as runner:
        try:
            yield runner
        finally:
            with suppress(ProcessLookupError):
                os.killpg(runner.pid, signal.SIGKILL)


def _ready(runner: subprocess.Popen[bytes]) -> list[int]:
    """The processes that the event ready names.

    Raises: Broken when it does not come.
    """
    assert runner.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(runner.stdout, selectors.EVENT_READ)
        expect(bool(selector.select(_READY_WITHIN_S)), f"it was not ready within {_READY_WITHIN_S:g} s")
    line = runner.stdout.readline()
    expect(bool(line), "it ended before it was ready")
    event = decode_event(line)
    expect(isinstance(event, Ready), f"its first event is not ready: {line.decode('utf-8', 'replace').strip()}")
    assert isinstance(event, Ready)
    return [event.producer_pid, *event.consumer_pids]


def _opened(pids: Sequence[int]) -> list[int]:
    """Descriptors of processes; a thread of one has none, and is gone with its process."""
    descriptors = []
    for pid in dict.fromkeys(pids):
        with suppress(OSError):
            descriptors.append(os.pidfd_open(pid))
    return descriptors


def _ended(runner: subprocess.Popen[bytes]) -> int | None:
    try:
        return runner.wait(_GONE_WITHIN_S)
    except subprocess.TimeoutExpired:
        return None


def _gone(descriptors: Sequence[int]) -> bool:
    deadline = time.monotonic() + _GONE_WITHIN_S
    with selectors.DefaultSelector() as selector:
        for descriptor in descriptors:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            left_s = deadline - time.monotonic()
            ended = selector.select(max(0.0, left_s))
            if not ended and left_s <= 0:
                return False
            for key, _ in ended:
                selector.unregister(key.fd)
    return True


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


CHECKS = (
    Check(promise="SIGTERM and SIGINT end the whole tree, with exit code 130", try_it=_terminated, brief=True),
    Check(promise="when it is killed nothing of it is left", try_it=_killed),
    Check(promise="it dies with its caller", try_it=_with_its_caller),
    Check(promise="it keeps its deadline", try_it=_deadline),
)
