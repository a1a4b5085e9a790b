"""Whether ours and somebody else's tool say the same of the same thing (M28).

1. Both run in interleaved pairs, on the same cpus, with the same sizes and socket options.
2. They agree when the median ratio lies within a tenth of 1. Who is the faster is no matter.
"""

from __future__ import annotations

__all__ = ["TOLERANCE", "AgreementRow", "agreement_verdict"]

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.judgement import PAIRS_LOW, Interval, median_interval
from bench.ours import Ran, Trial, run_trial
from bench.peers import Peer
from bench.row import Outcome, Setting

TOLERANCE = 0.1
TRIAL_S = "1"
"""The shortest that all of these tools can be asked for."""


@dataclass(frozen=True)
class AgreementRow:
    """rate: of a trial of ours, in the unit of what the peer says. note: where the two are not alike."""

    name: str
    unit: str
    ours: Trial
    rate: Callable[[Ran], float]
    peer: Peer
    note: str = ""

    @property
    def goal(self) -> str:
        return f"within {TOLERANCE:.0%} of {self.peer.command}"

    @property
    def has_control(self) -> bool:
        return False

    def run(self, setting: Setting) -> Outcome:
        self.peer.require()
        pairs = [self._pair(setting.seed + index, index) for index in range(setting.pairs)]
        ratios = [pair["ours"] / pair["theirs"] for pair in pairs]
        interval = median_interval(ratios, setting.seed)
        return Outcome(
            row=self.name,
            kind="agreement",
            unit=self.unit,
            target=TOLERANCE,
            verdict=agreement_verdict(interval, len(pairs)),
            median=interval.median,
            low=interval.low,
            high=interval.high,
            worst=max(ratios, key=lambda ratio: abs(ratio - 1)),
            ours_per_s=median(pair["ours"] for pair in pairs),
            bare_per_s=median(pair["theirs"] for pair in pairs),
            note=self.note,
            commands=[" ".join(self._command(setting.seed)), self.peer.command],
            samples=pairs,
        )

    def failed(self, reason: str, verdict: str = "failed") -> Outcome:
        return Outcome(row=self.name, kind="agreement", unit=self.unit, target=TOLERANCE, verdict=verdict, note=reason)

    def _command(self, seed: int) -> list[str]:
        return self.ours.command("--duration", TRIAL_S, seed=seed)

    def _pair(self, seed: int, index: int) -> dict[str, Any]:
        """Both rates; who goes first alternates."""
        sides: list[tuple[str, Callable[[], float]]] = [
            ("ours", lambda: self.rate(run_trial(self._command(seed)))),
            ("theirs", self.peer.run),
        ]
        ordered = sides if index % 2 == 0 else sides[::-1]
        return {"first": ordered[0][0], **{side: run() for side, run in ordered}}


def agreement_verdict(interval: Interval, pairs: int) -> str:
    """``met``, ``missed`` or ``too few pairs``."""
    if pairs < PAIRS_LOW:
        return "too few pairs"
    return "met" if abs(interval.median - 1) <= TOLERANCE else "missed"
