"""The row that compares like with like, with a runner that pretends."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.row import Setting
from bench.rows.same import SameRow, judged, share_interval


def test_the_interval_of_a_share_is_that_of_clopper_and_pearson() -> None:
    assert share_interval(0, 15) == pytest.approx((0.0, 0.2180), abs=1e-4)
    assert share_interval(3, 15) == pytest.approx((0.0433, 0.4809), abs=1e-4)
    assert share_interval(15, 15) == pytest.approx((0.7820, 1.0), abs=1e-4)


@pytest.mark.parametrize(
    ("decided", "pairs", "verdict"),
    [(0, 15, "met"), (3, 15, "met"), (4, 15, "missed"), (0, 14, "too few pairs"), (11, 100, "missed")],
)
def test_m17_more_verdicts_than_chance_gives_miss_the_ceiling(decided: int, pairs: int, verdict: str) -> None:
    assert judged(decided, pairs) == verdict


def test_both_sides_are_sessions_of_their_own(fake_runner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUEMARK_RUNNER", str(fake_runner))
    command = ["queuemark", "run", "-t", "tcp", "--items", "1000", "--repeats", "3", "--json", "-"]
    monkeypatch.setattr(SameRow, "_command", lambda self, setting, seed: [*command, "--seed", str(seed)])
    outcome = SameRow(name="same/tcp", words=()).run(Setting(pairs=2))
    assert (outcome.row, outcome.verdict) == ("same/tcp", "too few pairs")
    assert len(outcome.samples) == 2
    assert all(len(pair["ratios"]) == 1 for pair in outcome.samples)
