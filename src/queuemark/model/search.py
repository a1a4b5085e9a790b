"""Rates that a session finds out by itself: a walk over the offered load, or the highest rate that keeps a promise.

1. A walk offers shares of what the case delivers when sent as fast as it goes, its ceiling.
2. A search begins at the ceiling, halves until the promise is kept and doubles until it is broken, then takes the
   geometric middle of the two until they are as near each other as asked for. The rate that it ends with is tried
   again, as often as any other case; should it break its promise then, the search goes on below it.
3. What is tried next follows from what was tried alone: a search that was interrupted goes on where it stopped.
4. It ends, at the latest after ``rates_high`` rates.

Sources: RFC 2544, section 26.1, for what is looked for; RFC 9971 for the first rate, the relative width at which a
search ends, and that a bound which later trials contradict is given up. A frame that a network device drops is theirs;
what one trial of a shared machine loses may be the machine's, so that nothing here is called a device's throughput.
"""

from __future__ import annotations

__all__ = [
    "PERCENTS_DEFAULT",
    "RESOLUTION_DEFAULT_PERCENT",
    "Bracket",
    "Goal",
    "Outcome",
    "Search",
    "Tried",
    "bracket",
    "next_rate_per_s",
    "rounded_per_s",
]

from collections.abc import Iterable, Sequence
from math import floor, log10, sqrt
from typing import Annotated, Literal

import msgspec

from queuemark.model.units import Positive

PERCENTS_DEFAULT = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 100.0, 110.0)
RESOLUTION_DEFAULT_PERCENT = 5.0
RATES_DEFAULT = 24

_LOWEST = 1 / 4096
"""Of the ceiling: what breaks its promise below that is not a matter of load."""

_STEP = 2.0

Goal = Literal["sweep", "lossless", "p99"]
Percent = Annotated[float, msgspec.Meta(gt=0, le=1000)]


class Search(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a session looks for.

    goal: ``sweep``, a walk over the load; ``lossless``, the highest rate at which nothing is lost; ``p99``, the highest
        at which p99 is at most bound_ns.
    percents: of the ceiling, for a sweep.
    resolution_percent: how far the rate that broke its promise may lie above the one that kept it.
    rates_high: that many rates of a case are tried at most.
    """

    goal: Goal
    percents: list[Percent] = []
    bound_ns: Positive | None = None
    resolution_percent: Annotated[float, msgspec.Meta(ge=0.5, le=100)] = RESOLUTION_DEFAULT_PERCENT
    rates_high: Positive = RATES_DEFAULT


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the trials of a case came to.

    rate_per_s: delivered; None where there is no rate. kept: whether the promise was; None where that cannot be told.
    trials: how many there are.
    """

    rate_per_s: float | None
    kept: bool | None
    trials: int


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A rate that was offered, and what came of it."""

    rate_per_s: float
    outcome: Outcome


class Bracket(msgspec.Struct, frozen=True, kw_only=True):
    """Between which rates the highest lies: kept is the highest below every one that broke its promise."""

    kept: Tried | None
    broken: Tried | None

    def near(self, resolution_percent: float) -> bool:
        if self.kept is None or self.broken is None:
            return False
        return self.broken.rate_per_s <= self.kept.rate_per_s * (1 + resolution_percent / 100)


def bracket(tried: Iterable[Tried]) -> Bracket:
    """What cannot be told is not kept."""
    ordered = sorted(tried, key=lambda each: each.rate_per_s)
    broken = next((each for each in ordered if not each.outcome.kept), None)
    below = [each for each in ordered if broken is None or each.rate_per_s < broken.rate_per_s]
    return Bracket(kept=below[-1] if below else None, broken=broken)


def next_rate_per_s(ceiling_per_s: float, tried: Sequence[Tried], resolution_percent: float) -> float | None:
    """The rate to try next; None when the bracket is as near as asked for, or nothing is kept at any rate."""
    found = bracket(tried)
    if found.near(resolution_percent):
        return None
    if found.kept is None and found.broken is None:
        return rounded_per_s(ceiling_per_s)
    if found.kept is None and found.broken is not None:
        lower_per_s = rounded_per_s(found.broken.rate_per_s / _STEP)
        lowest = lower_per_s < ceiling_per_s * _LOWEST or lower_per_s >= found.broken.rate_per_s
        hopeless = lowest or found.broken.outcome.kept is None
        return None if hopeless else lower_per_s
    if found.kept is not None and found.broken is None:
        return rounded_per_s(found.kept.rate_per_s * _STEP)
    assert found.kept is not None and found.broken is not None
    middle_per_s = rounded_per_s(sqrt(found.kept.rate_per_s * found.broken.rate_per_s))
    new = found.kept.rate_per_s < middle_per_s < found.broken.rate_per_s
    return middle_per_s if new else None


def rounded_per_s(rate_per_s: float) -> float:
    """Three significant digits, at least 1: a rate that can be said and typed."""
    digits = 2 - floor(log10(rate_per_s))
    return max(1.0, round(rate_per_s, digits))
