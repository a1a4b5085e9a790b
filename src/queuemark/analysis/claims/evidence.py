"""What a session has to say about a claim: figures with their intervals, found by what a case means.

1. Only trials that proved their delivery count; an interval is over trials, by the bootstrap of the median.
2. What is known exactly, or was computed, is an interval without width.
"""

from __future__ import annotations

__all__ = [
    "Evidence",
    "Interval",
    "calls_per_message",
    "exactly",
    "figure_of",
    "rate_of",
    "spoken",
]

from collections.abc import Callable, Iterator, Sequence

import msgspec

from queuemark.analysis.estimates import median_estimate, with_estimates
from queuemark.model.plan import Case
from queuemark.model.session import CaseResult, SessionDocument


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """value: the median. low, high: of its 95 % interval; None below 3 trials."""

    value: float
    low: float | None
    high: float | None

    def over(self, other: Interval) -> Interval:
        """The ratio; its interval holds every ratio of two values from the two intervals, all above 0."""
        low = None if self.low is None or not other.high else self.low / other.high
        high = None if self.high is None or not other.low else self.high / other.low
        return Interval(value=self.value / other.value, low=low, high=high)

    def plus(self, other: Interval) -> Interval:
        """The sum; its interval holds every sum of two values from the two intervals."""
        low = None if self.low is None or other.low is None else self.low + other.low
        high = None if self.high is None or other.high is None else self.high + other.high
        return Interval(value=self.value + other.value, low=low, high=high)

    def inverse(self) -> Interval:
        return exactly(1).over(self)

    def times(self, factor: float) -> Interval:
        """factor: above 0."""
        return self.over(exactly(1 / factor))


def exactly(value: float) -> Interval:
    return Interval(value=value, low=value, high=value)


def spoken(interval: Interval, show: Callable[[float], str]) -> str:
    """``348 k/s (341 k/s to 350 k/s)``"""
    if interval.low is None or interval.high is None or interval.low == interval.high:
        return show(interval.value)
    return f"{show(interval.value)} ({show(interval.low)} to {show(interval.high)})"


class Evidence:
    """The cases of a session, or none."""

    def __init__(self, document: SessionDocument | None) -> None:
        self.document = with_estimates(document) if document is not None else None
        self.results: Sequence[CaseResult] = self.document.cases if self.document is not None else []

    def find(self, transport: str, policy: str = "each", **meant: object) -> CaseResult | None:
        """The first case of that meaning which has a rate; ``meant``: parameters, and fields of the workload.

        What is not said is as usual: 16 B, one consumer, shared, saturated, blocking, spread, for a time, over no link,
        Nagle on, and the other parameters as the first such case has them.
        """
        fitting = self._fitting(transport, policy, meant)
        return next((result for result in fitting if result.rate_per_s is not None and not result.unproved), None)

    def unavailable(self, transport: str, policy: str = "each", **meant: object) -> str | None:
        """Why the first trial of such a case could not be run here, and what to do about it; None where it could."""
        trials = [trial for result in self._fitting(transport, policy, meant) for trial in result.trials]
        refused = (trial for trial in trials if trial.state == "unavailable")
        return next(("; ".join(filter(None, (trial.reason, trial.remedy))) for trial in refused), None)

    def _fitting(self, transport: str, policy: str, meant: dict[str, object]) -> Iterator[CaseResult]:
        for result in self.results:
            if result.case.transport == transport and _fits(result.case, {**_USUAL, "policy": policy, **meant}):
                yield result

    def rate(self, transport: str, policy: str = "each", **meant: object) -> Interval | None:
        """Messages delivered a second."""
        found = self.find(transport, policy, **meant)
        return rate_of(found) if found is not None else None

    def p99_ns(self, transport: str, policy: str = "each", **meant: object) -> Interval | None:
        """Of the latency from when each message was due; None where there are too few samples, too, and where a trial
        fell behind the rate that was set: it grows for as long as that lasts."""
        found = self.find(transport, policy, **meant)
        if found is not None and any(trial.saturated for trial in found.trials):
            return None
        p99 = found.latency.p99_ns if found is not None and found.latency is not None else None
        return Interval(value=p99.value_ns, low=p99.low_ns, high=p99.high_ns) if p99 is not None else None

    def probe(self, name: str, **params: int | str) -> Interval | None:
        """A figure of the machine before the session, in its own unit; its interval are the quartiles of its rounds."""
        held = self.document.session.probes_before if self.document is not None else []
        found = next((probe for probe in held if probe.name == name and probe.params == params), None)
        if found is None or not found.value:
            return None
        return Interval(value=found.value, low=found.low, high=found.high)

    def measured(self, transport: str) -> bool:
        """Whether any trial of it was proved."""
        return any(result.case.transport == transport and result.rate_per_s for result in self.results)


_USUAL: dict[str, object] = {
    "size_bytes": 16,
    "consumers": 1,
    "pattern": "share",
    "in_flight": 1,
    "wait": "block",
    "placement": "spread",
    "linger_us": 0,
    "rate_per_s": None,
    "link": None,
    "items": None,
    "messages": None,
    "mix": (),
}


def _fits(case: Case, meant: dict[str, object]) -> bool:
    load = case.workload
    meant = {"nodelay": case.params.get("nodelay") and 0, **meant}
    held = {name: getattr(load, name) if hasattr(load, name) else case.params.get(name) for name in meant}
    return all(held[name] == value for name, value in meant.items() if value is not ...)


def rate_of(result: CaseResult) -> Interval:
    assert result.rate_per_s is not None
    estimate = result.rate_per_s
    return Interval(value=estimate.median, low=estimate.low, high=estimate.high)


def figure_of(result: CaseResult, name: str) -> Interval | None:
    """A figure of its trials (TrialFigures), or one of their times in ns."""
    values = [getattr(trial, name) for trial in result.trials if trial.delivery_proved]
    held = [float(value) for value in values if value is not None]
    if not held:
        return None
    estimate = median_estimate(held)
    return Interval(value=estimate.median, low=estimate.low, high=estimate.high)


def calls_per_message(result: CaseResult) -> Interval | None:
    """The producer's calls alone."""
    ok = [trial for trial in result.trials if trial.delivery_proved and trial.producer is not None and trial.sent]
    ratios = [trial.producer.calls / trial.sent for trial in ok if trial.producer is not None]
    if not ratios:
        return None
    estimate = median_estimate(ratios)
    return Interval(value=estimate.median, low=estimate.low, high=estimate.high)
