"""Sessions whose trials are drawn: cases with noise of their own, and a drift that moves all of a round alike."""

from __future__ import annotations

__all__ = ["USUAL", "Noise", "drawn_session"]

from math import exp
from typing import NamedTuple

import numpy as np

from queuemark.model.plan import Case, Plan
from queuemark.model.session import SCHEMA, CaseResult, Session, SessionDocument
from queuemark.model.trial import TrialFigures
from tests.examples import machine


class Noise(NamedTuple):
    """Standard deviations of logarithms. trials: of each case, least and most. rounds, sessions: of what all share."""

    trials: tuple[float, float] = (0.03, 0.05)
    rounds: float = 0.01
    sessions: float = 0.01


USUAL = Noise()


def drawn_session(
    draw: np.random.Generator,
    cases: list[Case],
    *,
    repeats: int = 5,
    noise: Noise = USUAL,
    sds: np.ndarray | None = None,
    ratios: dict[int, float] | None = None,
) -> SessionDocument:
    """sds: the noise of each case, else drawn. ratios: by a case's place what its rates are multiplied by."""
    own = sds if sds is not None else draw.uniform(*noise.trials, size=len(cases))
    shared = noise.rounds * draw.standard_normal(repeats) + noise.sessions * draw.standard_normal()
    logs = own[:, None] * draw.standard_normal((len(cases), repeats)) + shared
    results = [
        CaseResult(
            case=case,
            trials=[
                _trial(repeat, exp(value), (ratios or {}).get(place, 1.0)) for repeat, value in enumerate(logs[place])
            ],
        )
        for place, case in enumerate(cases)
    ]
    session = Session(
        id=draw.bytes(16).hex(),
        created_at="2026-03-01T12:00:00Z",
        version="0.1.0",
        seed=1,
        state="complete",
        machine=machine(),
        plan=Plan(repeats=repeats, cases=cases),
    )
    return SessionDocument(schema=SCHEMA, session=session, cases=results)


def _trial(repeat: int, factor: float, ratio: float) -> TrialFigures:
    return TrialFigures(state="ok", repeat=repeat, rate_per_s=1e6 * factor * ratio)
