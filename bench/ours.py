"""One trial through a runner of ours, straight, with the laboratory out of the way.

1. The wall time is taken around the runner's process: from before it is started to after it is gone.
2. A trial that did not prove its delivery raises; it is never a rate.
"""

from __future__ import annotations

__all__ = ["Ran", "Trial", "run_trial", "runner_path"]

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from queuemark.model.errors import QueuemarkError
from queuemark.model.events import Event, Result, decode_event
from queuemark.runners.registry import PYTHON_RUNNER

DEADLINE_S = 60


@dataclass(frozen=True)
class Trial:
    """The arguments of a trial, its length left open; params as ``("depth", "10")``.

    runtime: native, or python; server: a broker's address.
    """

    transport: str
    size_bytes: int = 16
    consumers: int = 1
    policy: str = "each"
    wait: str = "block"
    pattern: str = "share"
    placement: str = "spread"
    server: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    runtime: str = "native"

    def command(self, *length: str, seed: int = 1) -> list[str]:
        """length: ``"--items", "1000"`` or ``"--duration", "0.2"``."""
        shape = ["--size", str(self.size_bytes), "--consumers", str(self.consumers)]
        shape += ["--pattern", self.pattern, "--policy", self.policy, "--wait", self.wait]
        shape += ["--placement", self.placement]
        named = [word for name, value in self.params for word in ("-P", f"{name}={value}")]
        named += ["--server", self.server] if self.server else []
        fixed = ["--verify", "full", "--seed", str(seed), "--deadline", str(DEADLINE_S)]
        runner = PYTHON_RUNNER if self.runtime == "python" else (str(runner_path()),)
        return [*runner, "trial", self.transport, *shape, *length, *fixed, *named]


@dataclass(frozen=True)
class Ran:
    """What the trial counted, and how long its process lived."""

    result: Result
    wall_ns: int

    @property
    def rate_per_s(self) -> float:
        """Of messages delivered; where nobody was there to receive them, accepted."""
        through = self.result.delivered if self.result.consumers else self.result.sent
        return through * 1e9 / self.result.window_ns

    @property
    def delivered_share(self) -> float:
        """Of those that were to be delivered, 1 for all."""
        offered = self.result.delivered + self.result.lost
        return self.result.delivered / offered if offered else 1.0

    @property
    def send_rate_per_s(self) -> float:
        return self.result.sent * 1e9 / max(self.result.send_window_ns, 1)


def runner_path() -> Path:
    """Beside this Python, unless QUEUEMARK_RUNNER names another.

    Raises: QueuemarkError where there is none.
    """
    path = Path(os.environ.get("QUEUEMARK_RUNNER") or Path(sys.executable).parent / "queuemark-runner")
    if not path.exists():
        raise QueuemarkError(f"there is no native runner at {path}: build it with make run, or set QUEUEMARK_RUNNER")
    return path


def run_trial(command: list[str], on_event: Callable[[int, Event], None] | None = None) -> Ran:
    """Runs one trial; on_event gets the runner's process id and each event as it comes.

    Raises: QueuemarkError when the trial is not ``ok``.
    """
    watched = [*command, "--parent", str(os.getpid())]
    start_ns = time.perf_counter_ns()
    with subprocess.Popen(watched, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as runner:
        try:
            result = _follow(runner, command, on_event)
            said = runner.stderr.read().decode(errors="replace").strip() if runner.stderr else ""
            code = runner.wait()
        except BaseException:
            runner.kill()
            raise
    wall_ns = time.perf_counter_ns() - start_ns
    if result is None or result.state != "ok":
        reason = result.reason if result is not None else said.rpartition("\n")[2]
        raise QueuemarkError(f"{' '.join(command)} ended with {code}: {reason or 'no reason given'}")
    return Ran(result, wall_ns)


def _follow(
    runner: subprocess.Popen[bytes], command: list[str], on_event: Callable[[int, Event], None] | None
) -> Result | None:
    result = None
    for line in runner.stdout or ():
        try:
            event = decode_event(line)
        except msgspec.MsgspecError as error:
            raise QueuemarkError(f"{' '.join(command)} broke the runner contract: {error}") from error
        if on_event is not None:
            on_event(runner.pid, event)
        if isinstance(event, Result):
            result = event
    return result
