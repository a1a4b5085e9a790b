"""The row that shows what the display costs, with a runner that pretends."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.judgement import Interval
from bench.row import Setting
from bench.rows.display import DisplayRow, judged

ROW = DisplayRow(name="display/tcp", words=("-t", "tcp", "--items", "1000"))


@pytest.mark.parametrize(
    ("interval", "pairs", "verdict"),
    [
        (Interval(0.995, 0.99, 0.999), 15, "met"),
        (Interval(0.97, 0.93, 1.01), 15, "met"),
        (Interval(0.97, 0.96, 0.98), 15, "missed"),
        (Interval(1.0, 0.99, 1.01), 14, "too few pairs"),
    ],
)
def test_m19_the_display_may_cost_a_percent_or_what_nobody_can_see(
    interval: Interval, pairs: int, verdict: str
) -> None:
    assert judged(interval, pairs)[0] == verdict


def test_one_side_has_a_terminal_and_the_other_has_none(fake_runner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUEMARK_RUNNER", str(fake_runner))
    monkeypatch.setattr(DisplayRow, "_command", lambda self, setting, seed: [*RUN, "--seed", str(seed)])
    outcome = ROW.run(Setting(pairs=2))
    assert (outcome.row, outcome.verdict) == ("display/tcp", "too few pairs")
    assert [pair["first"] for pair in outcome.samples] == ["shown", "unseen"]
    assert all(pair["shown"] > 0 and pair["unseen"] > 0 for pair in outcome.samples)


RUN = ["queuemark", "run", "-t", "tcp", "--items", "1000", "--repeats", "1", "--json", "-"]


def test_a_trial_is_long_enough_for_the_display_to_change() -> None:
    assert "1.0s" in ROW._command(Setting(trial_s=0.1), 1)
    assert "2.0s" in ROW._command(Setting(trial_s=2.0), 1)
