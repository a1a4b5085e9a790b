"""How the rate depends on the number of consumers (M24): Gunther's universal scalability law, fitted with intervals.

    X(N) = rate_alone * N / (1 + sigma (N - 1) + kappa N (N - 1))

sigma: what is done one after the other, as a share; at 1 further consumers add nothing. Above 1 a second one takes
    more than it gives. kappa: what every consumer costs every other, in wake-ups, locks and cache lines; above 0
    there is a number of consumers beyond which the rate falls.

1. Turned over, N / X(N) is a sum of three terms with coefficients of at least 0: the best ones are found exactly, with
   errors counted as shares of the rate, so that no number of consumers weighs more than another. The terms that are
   not 0 in the best sum are among seven sets, and of a set the best coefficients are those of plain least squares; so
   every set is solved, for all draws at once, and the nearest one without a negative coefficient is the answer.
2. At least six numbers of consumers; intervals are over trials, drawn again at every number.
3. A line is all that cases mean but their number of consumers.

Sources: Gunther: Guerrilla Capacity Planning, Springer 2007, chapters 4 to 6, for the law and its peak. Lawson, Hanson:
Solving Least Squares Problems, 1974, chapter 23, for what the best coefficients that are not negative have in common.
"""

from __future__ import annotations

__all__ = ["POINTS_LOW", "Law", "Scaling", "Term", "fitted", "scalings"]

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations
from math import floor, inf, isfinite, sqrt
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from queuemark.analysis.estimates import CONFIDENCE, TRIALS_LOW
from queuemark.model.plan import Case, case_key
from queuemark.model.session import CaseResult, SessionDocument

POINTS_LOW = 6
"""Numbers of consumers; three coefficients through fewer points say more about noise than about consumers."""

_Ends = tuple[float | None, float | None]
"""Of an interval."""

_DRAWS = 500
_SEED = 24


class Law(NamedTuple):
    """rate_alone_per_s: of one consumer, as the law has it."""

    rate_alone_per_s: float
    sigma: float
    kappa: float

    def rate_per_s(self, consumers: float) -> float:
        cost = 1 + self.sigma * (consumers - 1) + self.kappa * consumers * (consumers - 1)
        return self.rate_alone_per_s * consumers / cost

    @property
    def peak(self) -> float:
        """The number of consumers with the highest rate, at least 1; infinite where each further one adds some."""
        if self.sigma >= 1:
            return 1.0
        return max(1.0, sqrt((1 - self.sigma) / self.kappa)) if self.kappa > 0 else inf

    @property
    def best(self) -> float:
        """The whole number of consumers with the highest rate; infinite where there is none."""
        if not isfinite(self.peak):
            return inf
        return max(floor(self.peak), floor(self.peak) + 1, key=self.rate_per_s)


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with its 95 % interval; low and high are null where there are too few trials for one."""

    value: float
    low: float | None
    high: float | None


class Scaling(msgspec.Struct, frozen=True, kw_only=True):
    """One line: its cases by number of consumers, and the law; law: null where no rate can be fitted.

    results: one for each number of consumers, all with a rate. peak: of whole consumers, may be infinite.
    farthest: how far the law is from the median it fits worst, as a share of that.
    """

    case: Case
    results: list[CaseResult]
    law: Law | None
    sigma: Term | None = None
    kappa: Term | None = None
    peak: Term | None = None
    farthest: float | None = None

    @property
    def consumers(self) -> list[int]:
        return [result.case.workload.consumers for result in self.results]


def fitted(consumers: Sequence[int], rates: Sequence[float]) -> Law | None:
    """The law nearest to these rates, all above 0; None where it has one consumer do nothing at all."""
    return next(_laws(consumers, np.asarray([rates], dtype=np.float64)), None)


def _laws(consumers: Sequence[int], rates: NDArray[np.float64]) -> Iterator[Law]:
    """The law nearest to each row of rates that has one. rates: (draws, consumers), all above 0."""
    n = np.asarray(consumers, dtype=np.float64)
    terms = np.column_stack([np.ones_like(n), n - 1, n * (n - 1)])
    # Each row divided by its N / X(N), so that every error is a share of a rate; scaled, for figures of like size.
    scale = np.median(rates, axis=1)
    found = _least(terms * (rates / scale[:, None] / n)[:, :, None])
    for (alone, serial, mutual), unit in zip(found.tolist(), scale.tolist(), strict=True):
        if alone > 0:
            yield Law(rate_alone_per_s=unit / alone, sigma=serial / alone, kappa=mutual / alone)


_SETS = [list(chosen) for size in (1, 2, 3) for chosen in combinations(range(3), size)]


def _least(terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """The coefficients of at least 0 whose sum of terms is nearest to 1. terms: (draws, rows, 3); (draws, 3)."""
    lengths: NDArray[np.float64] = np.linalg.norm(terms, axis=1)
    unit = terms / lengths[:, None, :]
    products, aims = unit.transpose(0, 2, 1) @ unit, unit.sum(axis=1)
    best, nearest = np.zeros_like(lengths), np.full(len(terms), inf)
    for chosen in _SETS:
        solved = np.zeros_like(lengths)
        solved[:, chosen] = np.linalg.solve(products[:, chosen][:, :, chosen], aims[:, chosen, None])[:, :, 0]
        off = np.square((unit @ solved[:, :, None])[:, :, 0] - 1).sum(axis=1)
        better = (solved >= 0).all(axis=1) & (off < nearest)
        best[better], nearest[better] = solved[better], off[better]
    return best / lengths


def scalings(document: SessionDocument) -> list[Scaling]:
    """Every line with enough numbers of consumers; document: with estimates."""
    lines: dict[str, list[CaseResult]] = {}
    for result in document.cases:
        if result.rate_per_s is not None and result.case.workload.consumers:
            lines.setdefault(_line(result.case), []).append(result)
    enough = [held for held in lines.values() if len(held) >= POINTS_LOW]
    return [_scaling(sorted(held, key=lambda result: result.case.workload.consumers)) for held in enough]


def _line(case: Case) -> str:
    load = msgspec.structs.replace(case.workload, consumers=1)
    return case_key(msgspec.structs.replace(case, workload=load))


def _scaling(results: list[CaseResult]) -> Scaling:
    consumers = [result.case.workload.consumers for result in results]
    medians = [result.rate_per_s.median for result in results if result.rate_per_s is not None]
    law = fitted(consumers, medians)
    if law is None:
        return Scaling(case=results[0].case, results=results, law=None)
    sigma, kappa, peak = _intervals(tuple(consumers), tuple(_rates(result) for result in results))
    off = [abs(law.rate_per_s(n) / rate - 1) for n, rate in zip(consumers, medians, strict=True)]
    return Scaling(
        case=results[0].case,
        results=results,
        law=law,
        sigma=Term(value=law.sigma, low=sigma[0], high=sigma[1]),
        kappa=Term(value=law.kappa, low=kappa[0], high=kappa[1]),
        peak=Term(value=law.best, low=peak[0], high=peak[1]),
        farthest=max(off),
    )


def _rates(result: CaseResult) -> tuple[float, ...]:
    return tuple(rate for _, rate in result.rated())


# A session's table and each of its pictures ask for the same lines.
@lru_cache(maxsize=1024)
def _intervals(consumers: tuple[int, ...], rates: tuple[tuple[float, ...], ...]) -> tuple[_Ends, _Ends, _Ends]:
    """Of sigma, kappa and the peak. rates: of the trials at each number of consumers."""
    drawn = list(_drawn(consumers, rates))
    return _ends([law.sigma for law in drawn]), _ends([law.kappa for law in drawn]), _ends([law.best for law in drawn])


def _drawn(consumers: Sequence[int], rates: Sequence[Sequence[float]]) -> Iterator[Law]:
    """The laws of trials drawn again; nothing where some number of consumers has too few."""
    if min(map(len, rates)) < TRIALS_LOW:
        return
    draw = np.random.default_rng(_SEED)
    yield from _laws(consumers, np.column_stack([_medians(draw, np.asarray(each)) for each in rates]))


def _medians(draw: np.random.Generator, rates: np.ndarray) -> np.ndarray:
    return np.asarray(np.median(draw.choice(rates, size=(_DRAWS, len(rates))), axis=1))


def _ends(drawn: Sequence[float]) -> _Ends:
    if not drawn:
        return None, None
    # Of values that exist, since a mean with an infinite one would be infinite.
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], method="inverted_cdf")
    return float(low), float(high)
