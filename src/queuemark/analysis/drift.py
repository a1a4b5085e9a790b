"""Did the machine change while a session ran? Its probes before and after the trials, laid side by side.

A probe has many figures, and one of them may always be off; the probe has drifted when half of its figures did.
"""

from __future__ import annotations

__all__ = ["DRIFT_HIGH", "drifts"]

from collections.abc import Sequence
from statistics import median

from queuemark.model.probe import Probe, Probes

DRIFT_HIGH = 0.10
"""A change of more than this is said."""


def drifts(before: Sequence[Probe], after: Sequence[Probe]) -> dict[str, float]:
    """By probe, how much slower it was afterwards: 0.2 for a fifth; those beyond DRIFT_HIGH, in their order."""
    known = Probes(before)
    ratios: dict[str, list[float]] = {}
    for figure in after:
        then = known.value(figure.name, **figure.params)
        if then and figure.value:
            slower = figure.value / then if figure.unit == "ns" else then / figure.value
            ratios.setdefault(figure.name, []).append(slower)
    middle = {name: median(found) - 1 for name, found in ratios.items()}
    return {name: change for name, change in middle.items() if abs(change) > DRIFT_HIGH}
