"""Probes before and after a session, laid side by side."""

from __future__ import annotations

import pytest

from queuemark.analysis.drift import drifts
from queuemark.model.probe import Probe


def figure(name: str, value: float | None, size: int = 0, unit: str = "ns") -> Probe:
    known = {"name": name, "params": {"bytes": size}, "unit": unit, "value": value, "low": value, "high": value}
    return Probe(**known, samples=5)  # type: ignore[arg-type]


def test_m22_a_machine_that_stayed_as_it_was_has_not_drifted() -> None:
    before = [figure("syscall", 100.0), figure("copy", 1e10, unit="bytes_per_s")]
    assert drifts(before, [figure("syscall", 109.0), figure("copy", 0.95e10, unit="bytes_per_s")]) == {}


def test_m22_slower_is_more_time_and_fewer_bytes() -> None:
    before = [figure("syscall", 100.0), figure("copy", 1e10, unit="bytes_per_s")]
    found = drifts(before, [figure("syscall", 125.0), figure("copy", 0.5e10, unit="bytes_per_s")])
    assert found == pytest.approx({"syscall": 0.25, "copy": 1.0})


def test_one_figure_of_many_is_no_drift() -> None:
    before = [figure("path", 100.0, size) for size in (16, 1024, 4096)]
    assert drifts(before, [figure("path", 100.0, 16), figure("path", 101.0, 1024), figure("path", 300.0, 4096)]) == {}


def test_what_was_not_had_is_not_compared() -> None:
    assert drifts([figure("futex", None)], [figure("futex", 5.0)]) == {}
    assert drifts([], [figure("futex", 5.0)]) == {}
