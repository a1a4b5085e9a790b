"""SIGKILL to Python's runner, alone or with all that it has started: no process is left, and no name."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from queuemark.runners.registry import PYTHON_RUNNER
from tests.faults.leftovers import none_left_of, shared_names


@pytest.mark.parametrize("kill", [os.kill, os.killpg])
@pytest.mark.parametrize("name", ["mp-queue", "shared-memory", "queue", "asyncio-queue"])
def test_a_killed_runner_leaves_no_name_and_no_process(
    tmp_path: Path, name: str, kill: Callable[[int, int], None]
) -> None:
    before = shared_names()
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [*PYTHON_RUNNER, "trial", name, "--duration", "30", "--consumers", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, process_group=0) as runner:
        assert runner.stdout is not None
        assert json.loads(runner.stdout.readline())["event"] == "ready"
        kill(runner.pid, signal.SIGKILL)
    assert none_left_of(str(tmp_path))
    assert shared_names() - before == set()
    assert list(tmp_path.iterdir()) == []
