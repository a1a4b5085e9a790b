"""Fixtures that tests of several packages share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

FAKE_SOURCE = Path(__file__).parent / "runners" / "fakes" / "runner.py"


@pytest.fixture(scope="session")
def fake_runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An executable that keeps the runner contract, or breaks it as its parameter ``behave`` says."""
    path = tmp_path_factory.mktemp("fakes") / "fake-runner"
    path.write_text(f"#!{sys.executable} -IS\n{FAKE_SOURCE.read_text()}")
    path.chmod(0o755)
    return path
