"""What the display costs: one trial of a session on a terminal against one whose progress nobody sees (M19).

1. Both sides are ``queuemark run`` with one case and one trial, so machine, plan and runner are the same; only what
   standard error is differs: a terminal, on which a line is rewritten, or nothing.
2. Trials take at least a second: the display changes four times in it.
3. The ratio is met when its median is within 1 % of 1, or its interval reaches 1: less than that cannot be seen here.
"""

from __future__ import annotations

__all__ = ["ROWS"]

import os
import pty
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import IO, Any

from bench.judgement import PAIRS_LOW, Interval, median_interval
from bench.row import Outcome, Setting
from queuemark.model.errors import QueuemarkError
from queuemark.model.session import decode_session

TRIAL_LOW_S = 1.0
TARGET = 0.99
TIMEOUT_S = 60


@dataclass(frozen=True)
class DisplayRow:
    """The rate with a display by the rate without one; words: of the command, behind ``run``."""

    name: str
    words: tuple[str, ...]

    @property
    def goal(self) -> str:
        return f"at least {TARGET:g} of the rate without a display, or no difference to be seen"

    @property
    def has_control(self) -> bool:
        return True

    def run(self, setting: Setting) -> Outcome:
        pairs = [self._pair(setting, index) for index in range(setting.pairs)]
        ratios = [pair["shown"] / pair["unseen"] for pair in pairs]
        interval = median_interval(ratios, setting.seed)
        verdict, note = judged(interval, len(pairs))
        return Outcome(
            row=self.name,
            kind="ratio",
            unit="messages/s",
            target=TARGET,
            verdict=verdict,
            median=interval.median,
            low=interval.low,
            high=interval.high,
            worst=min(ratios),
            ours_per_s=median(pair["shown"] for pair in pairs),
            bare_per_s=median(pair["unseen"] for pair in pairs),
            note=note,
            commands=[" ".join(self._command(setting, setting.seed))],
            samples=pairs,
        )

    def failed(self, reason: str, verdict: str = "failed") -> Outcome:
        return Outcome(row=self.name, kind="ratio", unit="messages/s", target=TARGET, verdict=verdict, note=reason)

    def _command(self, setting: Setting, seed: int) -> list[str]:
        length = ("--duration", f"{max(TRIAL_LOW_S, setting.trial_s)}s", "--repeats", "1", "--seed", str(seed))
        return ["queuemark", "run", *self.words, *length, "--json", "-"]

    def _pair(self, setting: Setting, index: int) -> dict[str, Any]:
        """The two rates; who goes first alternates."""
        command = self._command(setting, setting.seed + index)
        order = ("shown", "unseen") if index % 2 == 0 else ("unseen", "shown")
        rates = {side: _rate_per_s(command, on_terminal=side == "shown" and not setting.control) for side in order}
        return {"first": order[0], **rates}


def judged(interval: Interval, pairs: int) -> tuple[str, str]:
    """The verdict, and what has to be said beside it."""
    if pairs < PAIRS_LOW:
        return "too few pairs", ""
    if interval.median >= TARGET:
        return "met", ""
    return ("met", "the interval reaches 1: no difference to be seen") if interval.high >= 1 else ("missed", "")


def _rate_per_s(command: list[str], *, on_terminal: bool) -> float:
    """Raises: QueuemarkError when the session ended with another code than 0, or gave no rate."""
    with tempfile.TemporaryDirectory(prefix="queuemark-bench-") as data, tempfile.TemporaryFile() as document:
        variables = {**os.environ, "QUEUEMARK_DATA_DIR": data, "TERM": "xterm"}
        program = [str(Path(sys.executable).parent / command[0]), *command[1:]]
        code = _watched(program, variables, document) if on_terminal else _unseen(program, variables, document)
        document.seek(0)
        text = document.read()
    if code != 0:
        raise QueuemarkError(f"{' '.join(command)} ended with {code}")
    rate_per_s = decode_session(text).cases[0].trials[0].rate_per_s
    if rate_per_s is None:
        raise QueuemarkError(f"{' '.join(command)} gave no rate")
    return rate_per_s


def _unseen(program: list[str], variables: dict[str, str], document: IO[bytes]) -> int:
    ended = subprocess.run(
        program, env=variables, stdout=document, stderr=subprocess.DEVNULL, timeout=TIMEOUT_S, check=False
    )
    return ended.returncode


def _watched(program: list[str], variables: dict[str, str], document: IO[bytes]) -> int:
    """With a terminal that is read at once, as one on a screen is."""
    screen, terminal = pty.openpty()
    try:
        with subprocess.Popen(program, env=variables, stdout=document, stderr=terminal) as running:
            os.close(terminal)
            shown = sum(map(len, iter(partial(_read, screen), b"")))
            if not shown:
                raise QueuemarkError(f"{' '.join(program)} showed nothing on its terminal")
            return running.wait(TIMEOUT_S)
    finally:
        os.close(screen)


def _read(screen: int) -> bytes:
    """What was written; nothing once nobody holds the other end (EIO)."""
    try:
        return os.read(screen, 4096)
    except OSError:
        return b""


ROWS = tuple(
    DisplayRow(name=f"display/{transport}-{label}", words=("-t", transport, "-s", "64", *more))
    for transport, label, more in (
        ("pipe", "each", ()),
        ("unix-stream", "16KiB", ("--policy", "buffer:16k")),
        ("shm-ring", "spin", ("--wait", "spin")),
    )
)
