"""Is B faster than A? For each case a ratio, its interval, and one of faster, slower and undecided.

1. Only cases of one meaning are compared; all noise that the sessions show is in the interval (analysis/noise.py).
2. All intervals have one level, which the number of cases sets: a verdict is an interval without 1, no more and no
   less. Where nothing differs, at most 5 % of whole comparisons say that anything does; of the verdicts that are
   given, at most 5 % are expected to be wrong.
3. Several sessions a side: each is one value, and what differs between them is what is measured. One session a side:
   its rounds are the values, and what may differ between sessions is taken from their drift.

The repeats of a session and sessions of a side are not drawn again (a hierarchical bootstrap): of two or three
sessions that gives intervals far too short. Student's t with the noise of all cases keeps its level with few.

Sources: Benjamini, Hochberg: Controlling the False Discovery Rate, J. R. Statist. Soc. B 57(1), 1995; Benjamini,
Yekutieli: False Discovery Rate-Adjusted Multiple Confidence Intervals, J. Am. Statist. Assoc. 100, 2005. Holm's
procedure, the other choice, finds a change of all of many cases far less often, and has no intervals of its own.
"""

from __future__ import annotations

__all__ = ["FIGURES", "Compared", "Comparison", "LeftOut", "Verdict", "compare", "newly_unproved", "slower_than"]

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from math import exp, log
from statistics import median
from typing import Literal

import msgspec
import numpy as np
from scipy.special import stdtr, stdtrit

from queuemark.analysis.estimates import TRIALS_LOW
from queuemark.analysis.means import ratios_mean
from queuemark.analysis.noise import Floats, Shifts, shifts
from queuemark.model.plan import Case, case_key
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.model.trial import TrialFigures
from queuemark.model.workload import Workload

ALPHA = 0.05

_REACH = log(1e6)
"""An interval ends at a factor of a million: one that is wider says nothing, either."""

Verdict = Literal["faster", "slower", "undecided"]

Figure = Literal["rate_per_s", "p99_ns"]


class _Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """of: a trial's figure, None where it is withheld. more_is_faster: rates, not times. told_by: which workloads."""

    of: Callable[[TrialFigures], float | None]
    more_is_faster: bool
    told_by: Callable[[Workload], bool]


def _is_timed(load: Workload) -> bool:
    """Sent as fast as it goes, messages wait in whatever buffers there are: for how long is no news."""
    return load.rate_per_s is not None or load.pattern == "pingpong"


def _proved_rate(trial: TrialFigures) -> float | None:
    """What was only said is no measurement to be set beside one."""
    return trial.rate_per_s if trial.proved else None


FIGURES: dict[Figure, _Meaning] = {
    "rate_per_s": _Meaning(of=_proved_rate, more_is_faster=True, told_by=lambda load: True),
    "p99_ns": _Meaning(of=lambda trial: trial.p99_ns, more_is_faster=False, told_by=_is_timed),
}


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of one case on both sides.

    a, b: medians over trials, in the figure's unit. ratio: of B to A, the median over all pairs of trials.
    low, high: the ends of its interval at the comparison's level. p: of the ratio being 1, before any correction.
    """

    case: Case
    figure: Figure
    trials_a: int
    trials_b: int
    a: float
    b: float
    ratio: float
    low: float
    high: float
    p: float
    verdict: Verdict


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A case that is not compared, and why."""

    case: Case
    reason: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """a, b: ids of sessions. level: of every interval, as a share of 1.

    rate_ratio: the geometric mean of the ratios of rates; null without any.
    drift: the standard deviation of what moves all cases alike from one round, or session, to the next, as a share.
    """

    a: list[str]
    b: list[str]
    level: float
    rate_ratio: float | None
    drift: float
    compared: list[Compared]
    left_out: list[LeftOut]

    @property
    def over_sessions(self) -> bool:
        """Whether what differs between sessions was measured, and not taken from the rounds of one on each side."""
        return len(self.a) + len(self.b) > 2


_Results = Mapping[str, CaseResult]
"""Those of one session by case key."""


class _Side(msgspec.Struct, frozen=True, kw_only=True):
    """The sessions of one side; by case key: in each of them the logarithms of one figure by repeat."""

    cases: dict[str, Case]
    logs: list[dict[str, dict[int, float]]]

    @classmethod
    def of(cls, sessions: Sequence[_Results], meaning: _Meaning) -> _Side:
        return cls(
            cases={key: result.case for results in sessions for key, result in results.items()},
            logs=[{key: _logs(result, meaning) for key, result in results.items()} for results in sessions],
        )

    def all_of(self, key: str) -> list[float]:
        return [value for held in self.logs for value in held.get(key, {}).values()]

    def enough(self, key: str) -> bool:
        """Whether each unit has a value: the only session enough trials, or one of several."""
        return any(len(held.get(key, {})) >= TRIALS_LOW for held in self.logs)

    def units(self, keys: Sequence[str], sessions: bool) -> Floats:
        """(cases, units): of several sessions the median of each, of one the value of each round."""
        if sessions:
            return np.array([[_centre(held.get(key, {})) for held in self.logs] for key in keys])
        held = self.logs[0]
        rounds = sorted({repeat for key in keys for repeat in held[key]})
        return np.array([[held[key].get(repeat, np.nan) for repeat in rounds] for key in keys])


def _logs(result: CaseResult, meaning: _Meaning) -> dict[int, float]:
    if not meaning.told_by(result.case.workload):
        return {}
    found = {trial.repeat: meaning.of(trial) for trial in result.trials}
    return {repeat: log(value) for repeat, value in found.items() if value}


def _centre(logs: Mapping[int, float]) -> float:
    return median(logs.values()) if len(logs) >= TRIALS_LOW else np.nan


class _Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One case's figure on both sides before it is judged; shift, sd: of logarithms."""

    key: str
    case: Case
    figure: Figure
    logs_a: list[float]
    logs_b: list[float]
    shift: float
    sd: float
    df: float

    @property
    def p(self) -> float:
        return float(2 * stdtr(self.df, -abs(self.shift) / self.sd))

    def judged(self, level: float) -> Compared:
        reach = min(float(stdtrit(self.df, (1 + level) / 2)) * self.sd, _REACH)
        low, high = exp(self.shift - reach), exp(self.shift + reach)
        return Compared(
            case=self.case,
            figure=self.figure,
            trials_a=len(self.logs_a),
            trials_b=len(self.logs_b),
            a=exp(median(self.logs_a)),
            b=exp(median(self.logs_b)),
            ratio=exp(self.shift),
            low=low,
            high=high,
            p=self.p,
            verdict=_verdict(low, high, FIGURES[self.figure].more_is_faster),
        )


def _verdict(low: float, high: float, more_is_faster: bool) -> Verdict:
    if low <= 1 <= high:
        return "undecided"
    return "faster" if (low > 1) == more_is_faster else "slower"


def compare(a: Sequence[SessionDocument], b: Sequence[SessionDocument]) -> Comparison:
    """a, b: the sessions of each side, at least one; that they may be compared at all is checked elsewhere."""
    side_a, side_b = ([_by_key(document) for document in side] for side in (a, b))
    effects: list[_Effect] = []
    drifts: list[float] = []
    for figure in FIGURES:
        found, drift = _effects(side_a, side_b, figure)
        effects += found
        drifts += [drift] * bool(found)
    level = _level([effect.p for effect in effects])
    compared = [effect.judged(level) for effect in effects]
    rates = [each.ratio for each in compared if each.figure == "rate_per_s"]
    return Comparison(
        a=[document.session.id for document in a],
        b=[document.session.id for document in b],
        level=level,
        rate_ratio=ratios_mean(rates) if rates else None,
        drift=max(drifts, default=0.0),
        compared=compared,
        left_out=list(_left_out(side_a, side_b, {effect.key for effect in effects})),
    )


def _by_key(document: SessionDocument) -> _Results:
    return {case_key(result.case): result for result in document.cases}


def _effects(a: Sequence[_Results], b: Sequence[_Results], figure: Figure) -> tuple[list[_Effect], float]:
    side_a, side_b = (_Side.of(sessions, FIGURES[figure]) for sessions in (a, b))
    keys = [key for key in side_a.cases if side_a.enough(key) and side_b.enough(key)]
    if not keys:
        return [], 0.0
    sessions = len(a) + len(b) > 2
    found = shifts(side_a.units(keys, sessions), side_b.units(keys, sessions), sessions=sessions)
    return [
        _effect(side_a, side_b, key, figure, found, place) for place, key in enumerate(keys) if found.df[place] > 0
    ], found.drift_sd


def _effect(a: _Side, b: _Side, key: str, figure: Figure, found: Shifts, place: int) -> _Effect:
    return _Effect(
        key=key,
        case=a.cases[key],
        figure=figure,
        logs_a=a.all_of(key),
        logs_b=b.all_of(key),
        shift=float(found.shift[place]),
        sd=float(found.sd[place]),
        df=float(found.df[place]),
    )


def _level(p: Sequence[float]) -> float:
    """Of every interval: as many of them are allowed to miss as the verdicts given bear.

    With as many verdicts as Benjamini and Hochberg's procedure gives, each p of a verdict is below 1 less the level,
    and every other above it.
    """
    given = max((rank for rank, value in enumerate(sorted(p), 1) if value <= ALPHA * rank / len(p)), default=1)
    return 1 - ALPHA * given / len(p) if p else 1 - ALPHA


def _left_out(a: Sequence[_Results], b: Sequence[_Results], compared: Set[str]) -> Iterator[LeftOut]:
    sides = {name: _Side.of(sessions, FIGURES["rate_per_s"]) for name, sessions in (("A", a), ("B", b))}
    unproved = {"A": _unproved(a), "B": _unproved(b)}
    for key, case in {**sides["A"].cases, **sides["B"].cases}.items():
        if key in compared:
            continue
        absent = [name for name, side in sides.items() if key not in side.cases]
        lacking = [name for name, side in sides.items() if not side.enough(key)]
        said = [name for name in sides if key in unproved[name]]
        if absent:
            yield LeftOut(case=case, reason=f"not in {absent[0]}")
        elif said:
            yield LeftOut(case=case, reason=f"delivery not proved in {' and '.join(said)}: nothing was counted there")
        elif lacking:
            yield LeftOut(case=case, reason=f"fewer than {TRIALS_LOW} rates in {' and '.join(lacking)}")
        else:
            yield LeftOut(case=case, reason="in one session of each side only")


def _unproved(sessions: Sequence[_Results]) -> set[str]:
    return {key for results in sessions for key, result in results.items() if result.unproved}


def slower_than(comparison: Comparison, bound: float) -> list[Compared]:
    """Cases that are slower by more than the bound (a share: 0.05) beyond doubt: their whole interval is.

    Of times, a rate lower by 5 % is a time longer by 1 / 0.95.
    """
    return [each for each in comparison.compared if _far(each, 1 - bound)]


def newly_unproved(a: Iterable[SessionDocument], b: Iterable[SessionDocument]) -> list[LeftOut]:
    """Cases of which every trial of A was proved that ran there, and not every one of B: they have rates no more, or
    fewer."""
    sound = _trials(a)
    found: list[LeftOut] = []
    for key, (case, trials) in _trials(b).items():
        failed = [trial for trial in trials if trial.state != "unavailable" and not trial.delivery_proved]
        proved = key in sound and bool(sound[key][1]) and all(trial.delivery_proved for trial in sound[key][1])
        if failed and proved:
            reason = _newly(failed, len(trials))
            found.append(LeftOut(case=case, reason=reason))
    return found


def _newly(unproved: Sequence[TrialFigures], trials: int) -> str:
    if unproved[0].state == "ok":
        which = f"{len(unproved)} of {trials} trials of B"
        return f"of {which} delivery was not proved, and of all of A it was: nothing was counted"
    return f"{len(unproved)} of {trials} trials of B failed, and none of A: {unproved[0].reason}"


def _trials(documents: Iterable[SessionDocument]) -> dict[str, tuple[Case, list[TrialFigures]]]:
    found: dict[str, tuple[Case, list[TrialFigures]]] = {}
    for document in documents:
        for result in document.cases:
            found.setdefault(case_key(result.case), (result.case, []))[1].extend(result.trials)
    return found


def _far(each: Compared, kept: float) -> bool:
    return each.high < kept if FIGURES[each.figure].more_is_faster else each.low > 1 / kept
