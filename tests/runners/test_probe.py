"""What is believed of a runner's probes, and that none of them is waited for longer than it may take."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from queuemark.model.probe import Probe
from queuemark.runners.probe import probe
from queuemark.runners.stop import Stop


@pytest.fixture
def asked(fake_runner: Path, monkeypatch: pytest.MonkeyPatch) -> list[Probe]:
    monkeypatch.setenv("FAKE_PROBES", "ok")
    with Stop() as stop:
        return probe((str(fake_runner),), stop=stop)


def test_figures_come_as_they_are_printed(asked: list[Probe]) -> None:
    assert [figure.name for figure in asked] == ["syscall", "copy", "cache-line"]
    assert asked[0] == Probe(name="syscall", unit="ns", value=2.0, low=1.5, high=2.5, samples=7)
    assert asked[1].params == {"bytes": 4096, "cores": "one"}
    assert (asked[2].value, asked[2].reason) == (None, "it takes two cpus")


@pytest.mark.parametrize("how", ["none", "garbage", "hang"])
def test_a_runner_without_probes_gives_none(fake_runner: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.setenv("FAKE_PROBES", how)
    with Stop() as stop:
        assert probe((str(fake_runner),), stop=stop, deadline_s=0.6) == []
        assert probe(("/nowhere/runner",), stop=stop) == []


def test_a_stop_ends_the_probes_at_once(fake_runner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_PROBES", "hang")
    with Stop() as stop:
        stop.ask()
        began = time.monotonic()
        assert probe((str(fake_runner),), stop=stop, deadline_s=60) == []
    assert time.monotonic() - began < 30
