"""How far a difference may lie from the truth: its variance, learned from all cases of a comparison together.

What is compared are logarithms, of which equal ratios are equal distances. A case has one value in each unit: a
round of its session, or a session where there are several. Its values differ for two reasons, which count apart:

1. Noise of the case alone. With five trials its own estimate is poor, so what the other cases show is taken for
   what was known of it before; but never against it: a case that is noisier than others keeps its own noise.
2. Drift, which moves all cases of a unit alike. What repeats of one session cannot show is how far the next session
   lies from it: at least as far as one round from another, and at least SESSION_SD.

Sources: Smyth: Linear Models and Empirical Bayes Methods, Statistical Applications in Genetics 3(1), 2004, for (1);
Welch: The Generalization of Student's Problem, Biometrika 34, 1947, for the degrees of freedom of a sum of both;
Hodges, Lehmann: Estimates of Location Based on Rank Tests, Annals of Mathematical Statistics 34, 1963.
"""

from __future__ import annotations

__all__ = ["SESSION_SD", "Shifts", "shifts"]

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, polygamma

SESSION_SD = 0.01
"""Two sessions on one machine differ by so much at least, as a standard deviation of each one's logarithms."""

_EFFICIENCY = 0.955
"""Of the median of all differences, beside the difference of means, where noise is normal: 3 / pi."""

_VARIED_LOW = 1e-4
"""Of how much cases differ in the logarithm of their noise; below it they are as good as alike."""

_LOW = 1e-12
"""Of a variance: what equal values would show is never believed to be no noise at all."""

Floats = NDArray[np.float64]


class Shifts(NamedTuple):
    """How far b lies from a, for each case. shift: of logarithms. sd: of its error; df: how sure that is.

    drift_sd: of what moves all cases of a unit alike.
    """

    shift: Floats
    sd: Floats
    df: Floats
    drift_sd: float


def shifts(a: Floats, b: Floats, *, sessions: bool) -> Shifts:
    """a, b: (cases, units) logarithms, nan where a case has no value; at least one in each row of both.

    sessions: units are sessions, else rounds of one session on each side.
    """
    deviations = np.hstack([_deviations(a), _deviations(b)])
    counts_a, counts_b = _counts(a), _counts(b)
    spread = 1 / counts_a + 1 / counts_b
    noise, noise_df, drift, seen = _parted(deviations, counts_a + counts_b - 2)
    drift_df = max(1, a.shape[1] + b.shape[1] - 2)
    own = noise * spread / (1.0 if sessions else _EFFICIENCY)
    apart = spread if sessions else np.full_like(spread, 2.0)
    within = np.zeros_like(spread) if sessions else spread
    known = (seen if sessions and drift > 0 else drift) * (apart + within)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = (own + known) ** 2 / (own**2 / noise_df + known**2 / drift_df)
    return Shifts(
        shift=_mean(b) - _mean(a) if sessions else _middle_difference(a, b),
        sd=np.sqrt(own + drift * within + max(drift, SESSION_SD**2) * apart),
        df=np.nan_to_num(df, nan=0.0),
        drift_sd=float(np.sqrt(drift)),
    )


def _counts(values: Floats) -> Floats:
    return np.asarray(np.isfinite(values).sum(axis=1), dtype=np.float64)


def _mean(values: Floats) -> Floats:
    return np.asarray(np.nanmean(values, axis=1))


def _deviations(values: Floats) -> Floats:
    return np.asarray(values - np.nanmean(values, axis=1, keepdims=True))


def _middle_difference(a: Floats, b: Floats) -> Floats:
    """The median of all differences between a value of b and one of a: one wild trial hardly moves it."""
    return np.asarray(np.nanmedian(b[:, :, None] - a[:, None, :], axis=(1, 2)))


def _parted(deviations: Floats, df: Floats) -> tuple[Floats, Floats, float, float]:
    """The noise of each case and how sure it is, and the variance of what moves all cases of a unit alike."""
    total = _moderated(_variance(deviations, df), df)[0]
    if len(deviations) == 1:
        # One case alone cannot tell its own noise from what moves all.
        return total, df, 0.0, 0.0
    weights = 1 / total
    here = np.where(np.isfinite(deviations), weights[:, None], 0.0)
    weight = here.sum(axis=0)
    moves = np.where(weight > 0, np.nansum(here * np.nan_to_num(deviations), axis=0) / np.maximum(weight, _LOW), 0.0)
    left_df = df * (1 - weights / weights.sum())
    noise, noise_df = _moderated(_variance(deviations - moves, left_df), left_df)
    of_noise = float((weights**2 * noise).sum() / weights.sum() ** 2)
    seen = float((moves**2).sum()) / max(1, int((weight > 0).sum()) - 2)
    return noise, noise_df, max(0.0, seen - of_noise), seen


def _variance(deviations: Floats, df: Floats) -> Floats:
    squares = np.nansum(deviations**2, axis=1)
    return np.asarray(np.maximum(squares / np.maximum(df, _LOW), _LOW) * (df > 0))


def _moderated(variance: Floats, df: Floats) -> tuple[Floats, Floats]:
    """Each case's variance with what the others say of it, and the degrees of freedom that it is worth then."""
    held = df > 0
    if held.sum() < 2:
        return np.maximum(variance, _LOW), df
    half = df[held] / 2
    logs = np.log(variance[held]) - digamma(half) + np.log(half)
    # Few cases may look more alike than they are: by one standard error of what is seen they are not.
    seen = float(logs.var(ddof=1)) * (1 + sqrt(2 / (len(logs) - 1)))
    prior_df = 2 * _trigamma_inverse(max(seen - float(polygamma(1, half).mean()), _VARIED_LOW))
    usual = float(np.exp(logs.mean() + digamma(prior_df / 2) - np.log(prior_df / 2)))
    # What few cases agree on by chance is worth no more than these cases.
    prior = np.minimum(prior_df, df[held].sum() - df * held)
    mixed = (prior * usual + df * variance) / (prior + df)
    return np.maximum(np.maximum(mixed, variance), _LOW), prior + df


def _trigamma_inverse(value: float) -> float:
    """By Newton's method, from a start on the side from which it converges (Smyth 2004, appendix)."""
    found = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(polygamma(1, found))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, found))
        found += step
        if abs(step) < 1e-8 * found:
            break
    return found
