"""How often ``queuemark compare`` finds a difference where there is none: the same cases measured twice (M17).

1. Both sides of a pair are the same command with another seed, one right after the other.
2. At most 5 % of pairs may have any verdict but undecided. So few pairs cannot show 5 %: the row is met while the
   interval of the share reaches down to it.
"""

from __future__ import annotations

__all__ = ["ROWS"]

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from scipy.special import betaincinv

from bench.judgement import PAIRS_LOW
from bench.row import Outcome, Setting
from queuemark.analysis.comparison import compare
from queuemark.model.errors import QueuemarkError
from queuemark.model.session import SessionDocument, decode_session

CEILING = 0.05
TIMEOUT_S = 300


@dataclass(frozen=True)
class SameRow:
    """The share of pairs with a verdict; words: of the command, behind ``run``."""

    name: str
    words: tuple[str, ...]

    @property
    def goal(self) -> str:
        return f"a verdict in at most {CEILING:.0%} of comparisons of like with like"

    @property
    def has_control(self) -> bool:
        return False

    def run(self, setting: Setting) -> Outcome:
        pairs = [self._pair(setting, index) for index in range(setting.pairs)]
        decided = sum(bool(pair["verdicts"]) for pair in pairs)
        low, high = share_interval(decided, len(pairs))
        apart = median(abs(pair["rate_ratio"] - 1) for pair in pairs)
        return Outcome(
            row=self.name,
            kind="ceiling",
            unit="of pairs",
            target=CEILING,
            verdict=judged(decided, len(pairs)),
            median=decided / len(pairs),
            low=low,
            high=high,
            note=f"{decided} of {len(pairs)} pairs have a verdict; all rates of a pair together lie {apart:.1%} apart",
            commands=[" ".join(self._command(setting, setting.seed))],
            samples=pairs,
        )

    def failed(self, reason: str, verdict: str = "failed") -> Outcome:
        return Outcome(row=self.name, kind="ceiling", unit="of pairs", target=CEILING, verdict=verdict, note=reason)

    def _command(self, setting: Setting, seed: int) -> list[str]:
        length = ("--duration", f"{setting.trial_s / 2:g}s", "--seed", str(seed))
        return ["queuemark", "run", *self.words, *length, "--json", "-"]

    def _pair(self, setting: Setting, index: int) -> dict[str, Any]:
        a, b = (_session(self._command(setting, setting.seed + 2 * index + side)) for side in (0, 1))
        found = compare([a], [b])
        return {
            "verdicts": [each.verdict for each in found.compared if each.verdict != "undecided"],
            "ratios": [each.ratio for each in found.compared],
            "rate_ratio": found.rate_ratio,
            "drift": found.drift,
        }


def share_interval(count: int, of: int) -> tuple[float, float]:
    """Of a share, 95 %. Source: Clopper, Pearson: The Use of Confidence or Fiducial Limits, Biometrika 26, 1934."""
    low = betaincinv(count, of - count + 1, 0.025) if count else 0.0
    high = betaincinv(count + 1, of - count, 0.975) if count < of else 1.0
    return float(low), float(high)


def judged(decided: int, pairs: int) -> str:
    if pairs < PAIRS_LOW:
        return "too few pairs"
    return "met" if share_interval(decided, pairs)[0] <= CEILING else "missed"


def _session(command: list[str]) -> SessionDocument:
    """Raises: QueuemarkError when it ended with another code than 0."""
    with tempfile.TemporaryDirectory(prefix="queuemark-bench-") as data:
        program = [str(Path(sys.executable).parent / command[0]), *command[1:]]
        variables = {**os.environ, "QUEUEMARK_DATA_DIR": data}
        ended = subprocess.run(program, env=variables, capture_output=True, timeout=TIMEOUT_S, check=False)
    if ended.returncode != 0:
        told = ended.stderr.decode(errors="replace").strip()[-200:]
        raise QueuemarkError(f"{' '.join(command)} ended with {ended.returncode}: {told}")
    return decode_session(ended.stdout)


ROWS = (SameRow(name="same/sessions", words=("-t", "pipe,unix-stream,unix-dgram", "-s", "16,1k")),)
