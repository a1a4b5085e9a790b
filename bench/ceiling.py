"""A cost that must stay under a ceiling, sampled several times.

Judged by the largest sample, or by the median where the target says so. Both are shown.
"""

from __future__ import annotations

__all__ = ["CeilingRow", "Sample"]

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Literal

from bench.judgement import median_interval
from bench.row import Outcome, Setting


@dataclass(frozen=True)
class Sample:
    """One value in the row's unit, with whatever else explains it."""

    value: float
    details: dict[str, float]


@dataclass(frozen=True)
class CeilingRow:
    """sample takes the 0-based number of the sample; repeats 0 means as many as there are pairs."""

    name: str
    unit: str
    ceiling: float
    command: str
    sample: Callable[[int], Sample]
    judged: Literal["largest", "median"] = "largest"
    repeats: int = 0
    note: str = ""

    @property
    def goal(self) -> str:
        return f"{self.judged} at most {self.ceiling:g} {self.unit}"

    @property
    def has_control(self) -> bool:
        return False

    def run(self, setting: Setting) -> Outcome:
        taken = [self.sample(index) for index in range(self.repeats or setting.pairs)]
        values = [sample.value for sample in taken]
        interval = median_interval(values, setting.seed)
        judged = max(values) if self.judged == "largest" else median(values)
        return Outcome(
            row=self.name,
            kind="ceiling",
            unit=self.unit,
            target=self.ceiling,
            verdict="met" if judged <= self.ceiling else "missed",
            median=interval.median,
            low=interval.low,
            high=interval.high,
            worst=max(values),
            note=self.note,
            commands=[self.command],
            samples=[{"value": sample.value, **sample.details} for sample in taken],
        )

    def failed(self, reason: str, verdict: str = "failed") -> Outcome:
        return Outcome(row=self.name, kind="ceiling", unit=self.unit, target=self.ceiling, verdict=verdict, note=reason)
