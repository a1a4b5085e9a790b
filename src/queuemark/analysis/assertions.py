"""What a person demands of every case: ``p99<50us``, ``rate>1M``, ``tcp: loss<0.1%``.

    [TRANSPORT:] FIGURE COMPARISON QUANTITY

1. A demand is met by a case whose figure is known and compares as it says; the figure is that of all its trials.
2. A figure that is withheld meets no demand, and its reason is told; nor does one beside which a trial failed.
3. What no case could ever meet or miss (a figure, a unit or a transport that there is not) is a mistake of the asker.
"""

from __future__ import annotations

__all__ = ["FIGURE_NAMES", "Assertion", "Unmet", "check_assertions", "read_assertion", "unmet"]

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from statistics import median

import msgspec

from queuemark.model.errors import UsageError, nearest
from queuemark.model.histogram import PERCENTILES, Percentile
from queuemark.model.plan import Case
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.model.units import format_duration_s, format_rate, parse_count, parse_duration_s

_GRAMMAR = re.compile(
    r"\s*(?:(?P<transport>[A-Za-z0-9_-]+)\s*:)?\s*(?P<figure>[A-Za-z][A-Za-z0-9.]*)\s*"
    r"(?P<comparison><=|>=|<|>)\s*(?P<quantity>[^<>=].*?)\s*"
)
_EXAMPLES = "write for example 'p99<50us', 'rate>1M' or 'tcp: loss<0.1%'"

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class _Figure(msgspec.Struct, frozen=True, kw_only=True):
    """of: the figure of a case with estimates, or why there is none. read: a quantity as typed. show: for readers."""

    of: Callable[[CaseResult], float | str]
    read: Callable[[str, str], float]
    show: Callable[[float], str]


class Assertion(msgspec.Struct, frozen=True, kw_only=True):
    """transport: None: every one. bound: in the figure's own unit. text: as it was typed."""

    transport: str | None
    figure: str
    comparison: str
    bound: float
    text: str


class Unmet(msgspec.Struct, frozen=True, kw_only=True):
    """found: what the case has instead, in words."""

    assertion: Assertion
    case: Case
    found: str


def read_assertion(text: str) -> Assertion:
    """Raises: UsageError for what is none, with the nearest figure or an example."""
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        raise UsageError(f"assertion {text!r} is not FIGURE<QUANTITY; {_EXAMPLES}")
    name = match["figure"].lower()
    if name not in _FIGURES:
        raise UsageError(f"assertion {text!r}: unknown figure {match['figure']!r}; {nearest(name, _FIGURES)}")
    bound = _FIGURES[name].read(match["quantity"], f"assertion {text!r}: quantity")
    return Assertion(
        transport=match["transport"], figure=name, comparison=match["comparison"], bound=bound, text=text.strip()
    )


def check_assertions(assertions: Iterable[Assertion], cases: Sequence[Case]) -> None:
    """Raises: UsageError for a transport that none of the cases has."""
    known = {case.transport for case in cases}
    for assertion in assertions:
        if assertion.transport is not None and assertion.transport not in known:
            raise UsageError(
                f"assertion {assertion.text!r}: no case of {assertion.transport!r}; "
                f"{nearest(assertion.transport, known)}"
            )


def unmet(document: SessionDocument, assertions: Sequence[Assertion]) -> list[Unmet]:
    """Every case that does not meet a demand made of it; document: with estimates."""
    found = [(assertion, result, _found(assertion, result)) for assertion in assertions for result in document.cases]
    return [
        Unmet(assertion=assertion, case=result.case, found=told)
        for assertion, result, told in found
        if told is not None
    ]


def _found(assertion: Assertion, result: CaseResult) -> str | None:
    """What a case has that does not meet the demand; None when it does, or when it is not asked."""
    if assertion.transport not in (None, result.case.transport):
        return None
    figure = _FIGURES[assertion.figure]
    value = figure.of(result)
    if isinstance(value, str):
        return f"there is no {assertion.figure}: {value}"
    if not _COMPARISONS[assertion.comparison](value, assertion.bound):
        return f"{assertion.figure} is {figure.show(value)}"
    unproved = [trial for trial in result.trials if trial.state != "unavailable" and not trial.delivery_proved]
    if not unproved:
        return None
    count = f"{len(unproved)} of {len(result.trials)} trials"
    if unproved[0].state == "ok":
        return f"of {count} delivery was not proved: nothing was counted"
    return f"{count} failed: {unproved[0].reason or 'no reason was given'}"


def _rate(result: CaseResult) -> float | str:
    return _withheld(result) if result.rate_per_s is None or result.unproved else result.rate_per_s.median


def _withheld(result: CaseResult) -> str:
    if not result.trials:
        return "no trial was finished"
    if result.unproved:
        return "delivery was not proved: nothing was counted"
    reasons = (trial.reason or trial.rate_withheld for trial in result.trials)
    return next((reason for reason in reasons if reason), "no reason was given")


def _middle(name: str) -> Callable[[CaseResult], float | str]:
    """The median of a trial's figure over the trials that proved their delivery."""

    def of(result: CaseResult) -> float | str:
        held = [getattr(trial, name) for trial in result.trials if trial.delivery_proved]
        known = [value for value in held if value is not None]
        return median(known) if known else _withheld(result)

    return of


def _loss(result: CaseResult) -> float | str:
    proved = [trial for trial in result.trials if trial.delivery_proved]
    lost = sum(trial.lost for trial in proved)
    due = lost + sum(trial.delivered for trial in proved)
    return 100 * lost / due if due else _withheld(result)


def _percentile(name: str, percentile: Percentile) -> Callable[[CaseResult], float | str]:
    def of(result: CaseResult) -> float | str:
        if result.latency is None:
            return _no_latency(result)
        found = getattr(result.latency, name)
        return found.value_ns if found is not None else f"it takes {percentile.samples_low:,} samples"

    return of


def _of_latency(name: str) -> Callable[[CaseResult], float | str]:
    def of(result: CaseResult) -> float | str:
        found = None if result.latency is None else getattr(result.latency, name)
        return found if found is not None else _no_latency(result)

    return of


def _no_latency(result: CaseResult) -> str:
    proved = any(trial.delivery_proved for trial in result.trials)
    return "no latency was measured" if proved else _withheld(result)


def _read_rate(text: str, what: str) -> float:
    return float(parse_count(text.removesuffix("/s"), what))


def _read_ns(text: str, what: str) -> float:
    if text.strip()[-1:].isdigit():
        raise UsageError(f"{what} {text!r} has no unit; write for example 50us")
    return parse_duration_s(text, what) * 1e9


def _read_percent(text: str, what: str) -> float:
    if not text.endswith("%"):
        raise UsageError(f"{what} {text!r} is not a number of percent; write for example 0.1%")
    return _read_number(text.removesuffix("%"), what)


def _read_number(text: str, what: str) -> float:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text.strip()):
        raise UsageError(f"{what} {text!r} is not a plain number; write for example 0.9")
    return float(text)


def _show_ns(value: float) -> str:
    return format_duration_s(value / 1e9)


def _times(of: Callable[[CaseResult], float | str]) -> _Figure:
    return _Figure(of=of, read=_read_ns, show=_show_ns)


_FIGURES: dict[str, _Figure] = {
    "rate": _Figure(of=_rate, read=_read_rate, show=format_rate),
    "sent": _Figure(of=_middle("send_rate_per_s"), read=_read_rate, show=format_rate),
    "loss": _Figure(of=_loss, read=_read_percent, show=lambda value: f"{value:.3g} %"),
    "fairness": _Figure(of=_middle("fairness"), read=_read_number, show=lambda value: f"{value:.3f}"),
    "calls": _Figure(of=_middle("calls_per_message"), read=_read_number, show=lambda value: f"{value:.3g} a message"),
    "cpu": _times(_middle("cpu_ns_per_message")),
    **{percentile.name: _times(_percentile(name, percentile)) for name, percentile in PERCENTILES.items()},
    "mean": _times(_of_latency("mean_ns")),
    "max": _times(_of_latency("max_ns")),
}

FIGURE_NAMES = tuple(_FIGURES)
