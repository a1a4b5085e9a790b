"""What the machine does beside a trial, from a fake tree that changes in between."""

from __future__ import annotations

from pathlib import Path

from queuemark.measure.conditions import Surroundings
from queuemark.model.conditions import Conditions
from tests.measure.test_machine import CPU, planted

TICK_NS = 1_000_000_000 // 100


def test_m20_what_changes_is_read_around_each_trial(tmp_path: Path) -> None:
    root = planted(tmp_path, {"proc/stat": "cpu  1000 0 1000 9000 0 0 0 50 0 0\n"})
    surroundings = Surroundings(root)
    planted(
        root,
        {
            # Within this test this process uses far less than the 300 s that others are said to have used.
            "proc/stat": "cpu  21000 0 11000 99000 0 0 0 57 0 0\n",
            "proc/loadavg": "1.50 0.10 0.05 1/100 4242\n",
            f"{CPU}/cpu0/cpufreq/scaling_governor": "powersave\n",
            f"{CPU}/cpu0/cpufreq/scaling_cur_freq": "1200000\n",
            f"{CPU}/cpu1/cpufreq/scaling_cur_freq": "3400000\n",
        },
    )
    assert surroundings.steal_ns() == 7 * TICK_NS
    found = surroundings.conditions(cpus=[0, 1])
    assert (found.load_1min, found.governor) == (1.5, "powersave")
    assert (found.frequency_low_hz, found.frequency_high_hz) == (1_200_000_000, 3_400_000_000)
    assert found.others_cpu_ns is not None
    assert 299 * 10**9 < found.others_cpu_ns <= 300 * 10**9


def test_m20_the_trials_own_time_is_not_that_of_others(tmp_path: Path) -> None:
    root = planted(tmp_path, {"proc/stat": "cpu  10 0 10 100 0 0 0 0 0 0\n"})
    surroundings = Surroundings(root)
    sum(range(200_000))
    assert surroundings.conditions(cpus=[]).others_cpu_ns == 0


def test_what_a_machine_does_not_say_is_not_there(tmp_path: Path) -> None:
    surroundings = Surroundings(tmp_path)
    assert surroundings.steal_ns() == 0
    assert surroundings.conditions(cpus=[0]) == Conditions()
