"""SIGKILL to Python's runner, alone or with all that it has started: no process is left, and no name.

While roles start there are names that every one of them has yet to open, afterwards there are none.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from queuemark.runners.python.catalogue import VARIABLE
from queuemark.runners.registry import PYTHON_RUNNER
from tests.faults.leftovers import none_left_of, queue_names, shared_names

STARTING = """
import os, threading
from queuemark.runners.python.transports.{module} import {kind}

def names():
    return {{*os.listdir("/dev/shm")}}

class Starting({kind}):
    name = "starting"
    def __init__(self, case):
        before = names()
        super().__init__(case)
        self.made = names() - before
    def open_consumer(self, index):
        with open({opened!r}, "w") as told:
            print(*self.made, file=told)
        threading.Event().wait()
"""


@pytest.mark.parametrize("kill", [os.kill, os.killpg])
@pytest.mark.parametrize("name", ["mp-queue", "shared-memory", "queue", "asyncio-queue", "iceoryx2"])
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


@pytest.mark.parametrize(("module", "kind"), [("mp_queue", "MpQueue"), ("shared_memory", "SharedMemoryRing")])
def test_what_is_killed_while_it_starts_leaves_no_name(tmp_path: Path, module: str, kind: str) -> None:
    made = starting(tmp_path, module, kind, os.killpg)
    assert made
    assert none_left_of(str(tmp_path))
    assert made & shared_names() == set()


def test_a_queue_of_the_kernel_has_no_name_when_it_is_opened(tmp_path: Path) -> None:
    pytest.importorskip("posix_ipc", reason="posix_ipc is not installed")
    (tmp_path / "queues").mkdir()
    before = queue_names(tmp_path / "queues")
    starting(tmp_path, "posix_mq", "PosixMq", os.kill)
    assert none_left_of(str(tmp_path))
    assert set(queue_names(tmp_path / "queues")) <= set(before)


def starting(place: Path, module: str, kind: str, kill: Callable[[int, int], None]) -> set[str]:
    """Kills a runner when the first of its roles opens its end; what had a name in /dev/shm by then."""
    opened = place / "opened"
    os.mkfifo(opened)
    (place / "starting.py").write_text(STARTING.format(module=module, kind=kind, opened=str(opened)))
    environment = {**os.environ, "TMPDIR": str(place), VARIABLE: f"{place / 'starting.py'}:Starting"}
    command = [*PYTHON_RUNNER, "trial", "starting", "--duration", "30"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment, process_group=0) as runner:
        made = set(opened.read_text().split())
        kill(runner.pid, signal.SIGKILL)
    return made
