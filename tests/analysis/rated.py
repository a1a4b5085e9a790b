"""Trials that are nothing but their rates."""

from __future__ import annotations

__all__ = ["rated"]

from collections.abc import Iterable

from queuemark.model.trial import TrialFigures


def rated(rates: Iterable[float]) -> list[TrialFigures]:
    return [TrialFigures(state="ok", repeat=repeat, rate_per_s=float(rate)) for repeat, rate in enumerate(rates)]
