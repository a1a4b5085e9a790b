"""Costs are taken from outside the runner: its life by the clock, its memory by the kernel's own account."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.ceiling import CeilingRow, Sample
from bench.ours import Trial
from bench.row import Setting
from bench.rows import memory, overhead
from queuemark.model.errors import QueuemarkError

WINDOW_NS = 1_000_000

FAKE_RUNNER = """#!{python} -IS
import json, os, sys, time
reader, writer = os.pipe()
pids = []
for role in range(2):
    pids.append(os.fork())
    if pids[-1]:
        continue
    os.close(writer)
    os.read(reader, 1)
    os._exit(0)
print(json.dumps({{"event": "ready", "contract": 1, "run_id": "f", "producer_pid": pids[0],
                   "consumer_pids": pids[1:], "granted": {{}}}}), flush=True)
time.sleep(0.5)
os.close(writer)
[os.waitpid(pid, 0) for pid in pids]
print(json.dumps({{"event": "result", "contract": 1, "run_id": "f", "state": "ok", "window_ns": {window_ns}}}))
"""


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trial:
    """A trial of a runner with a producer and a consumer that sleep for half a second."""
    runner = tmp_path / "runner"
    runner.write_text(FAKE_RUNNER.format(python=sys.executable, window_ns=WINDOW_NS))
    runner.chmod(0o755)
    monkeypatch.setenv("QUEUEMARK_RUNNER", str(runner))
    return Trial("tcp")


def test_proportional_memory_covers_runner_and_workers(trial: Trial) -> None:
    sample = memory._mean_pss(trial, 0)
    assert sample.details["processes"] == 3
    assert sample.value == pytest.approx(sample.details["tree_bytes"] / 3 / memory.MIB)
    assert sample.value > 0


def test_a_result_without_memory_is_an_error_not_a_small_figure(trial: Trial) -> None:
    with pytest.raises(QueuemarkError, match="how much memory"):
        memory._peak_rss(trial, 0)


def test_what_is_outside_is_the_life_of_the_process_less_the_window(trial: Trial) -> None:
    sample = overhead._outside(trial, 0)
    assert sample.value == pytest.approx((sample.details["wall_ns"] - WINDOW_NS) / 1e6)
    assert sample.details["wall_ns"] > 500_000_000


@pytest.mark.parametrize(("judged", "verdict"), [("largest", "missed"), ("median", "met")])
def test_a_ceiling_is_judged_by_what_its_goal_says(judged: str, verdict: str) -> None:
    values = [1.0, 1.0, 9.0]
    row = CeilingRow("x/y", "ms", 2.0, "true", lambda index: Sample(values[index], {}), judged, repeats=3)  # type: ignore[arg-type]
    outcome = row.run(Setting())
    assert (outcome.verdict, outcome.median, outcome.worst) == (verdict, 1.0, 9.0)
