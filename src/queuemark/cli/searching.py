"""What ``queuemark run`` is asked to find out by itself: ``--rate-sweep``, ``--max-lossless``, ``--p99``."""

from __future__ import annotations

__all__ = ["SEARCHES", "judged", "read_search", "without_lossless"]

from collections.abc import Callable, Mapping
from math import isfinite

from queuemark.analysis.verdicts import outcome
from queuemark.model.errors import UsageError
from queuemark.model.plan import Case, Exclusion, NothingLeft, Plan, case_key
from queuemark.model.search import PERCENTS_DEFAULT, RESOLUTION_DEFAULT_PERCENT, Outcome, Search
from queuemark.model.session import SessionDocument
from queuemark.model.transport import Transport
from queuemark.model.units import parse_duration_s

SEARCHES = ("rate_sweep", "max_lossless", "p99")

_PERCENT_HIGH = 1000.0
_PERCENTS_HIGH = 100
_RESOLUTION_LOW, _RESOLUTION_HIGH = 0.5, 100.0


def read_search(rate_sweep: str | None, max_lossless: bool, p99: str | None, resolution: str | None) -> Search | None:
    """The words of the options; None when nothing is to be found out.

    Raises: UsageError for what cannot be read, and for two searches at once.
    """
    asked = [
        name for name, said in (("--rate-sweep", rate_sweep), ("--max-lossless", max_lossless), ("--p99", p99)) if said
    ]
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)} are searches of their own; give one of them")
    if resolution is not None and (not asked or rate_sweep):
        raise UsageError("--resolution is for a search that ends between two rates: --max-lossless or --p99")
    width = RESOLUTION_DEFAULT_PERCENT if resolution is None else _resolution_percent(resolution)
    if rate_sweep is not None:
        return Search(goal="sweep", percents=_percents(rate_sweep))
    if max_lossless:
        return Search(goal="lossless", resolution_percent=width)
    if p99 is not None:
        return Search(goal="p99", bound_ns=_bound_ns(p99), resolution_percent=width)
    return None


def _percents(text: str) -> list[float]:
    if not text:
        return list(PERCENTS_DEFAULT)
    percents = sorted({_percent(part, "rate-sweep", "10,50,90") for part in text.split(",")})
    if percents[0] <= 0 or percents[-1] > _PERCENT_HIGH or len(percents) > _PERCENTS_HIGH:
        raise UsageError(
            f"rate-sweep {text!r}: up to {_PERCENTS_HIGH} shares of the ceiling above 0 % and up to "
            f"{_PERCENT_HIGH:g} % are walked; write for example 10,50,90"
        )
    return percents


def _resolution_percent(text: str) -> float:
    percent = _percent(text, "resolution", "2%")
    if not _RESOLUTION_LOW <= percent <= _RESOLUTION_HIGH:
        raise UsageError(f"resolution {text!r} is not from {_RESOLUTION_LOW} % to {_RESOLUTION_HIGH:g} %; write 2%")
    return percent


def _percent(text: str, what: str, example: str) -> float:
    try:
        percent = float(text.strip().removesuffix("%"))
    except ValueError:
        percent = float("nan")
    if not isfinite(percent):
        raise UsageError(f"{what} {text!r} is not a number of percent; write for example {example}")
    return percent


def _bound_ns(text: str) -> int:
    bound_ns = round(parse_duration_s(text, "p99") * 1e9)
    if bound_ns < 1:
        raise UsageError(f"p99 {text!r} is under a nanosecond; write for example 50us")
    return bound_ns


def without_lossless(
    cases: list[Case], search: Search | None, known: Mapping[str, Transport]
) -> tuple[list[Case], list[Exclusion]]:
    """The cases in which there is a loss to be looked for.

    Raises: NothingLeft.
    """
    if search is None or search.goal != "lossless":
        return cases, []
    left = [case for case in cases if not known[case.transport].facts.lossless]
    reason = (
        "it loses nothing: how fast it goes at all is its highest rate without loss (run it without --max-lossless)"
    )
    exclusions = [Exclusion(transport=case.transport, reason=reason, cells=1) for case in cases if case not in left]
    if not left:
        raise NothingLeft(list({each.transport: each for each in exclusions}.values()))
    return left, exclusions


def judged(plan: Plan, read: Callable[[], SessionDocument]) -> Callable[[Case], Outcome]:
    """The verdict on a case of the plan by what is stored now."""
    assert plan.search is not None
    search, results = plan.search, {case_key(result.case): result for result in read().cases}
    return lambda case: outcome(results[case_key(case)], search)
