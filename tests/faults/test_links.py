"""Whatever ends a command that measures over a link, its namespaces and all that is in them go with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from queuemark.model.link import parse_link
from tests.faults.leftovers import GONE_WITHIN_S, gone, none_left_of, opened, processes_of
from tests.measure.links import made

COMMAND = [sys.executable, "-m", "queuemark", "run", "--link-test", "10M", "-s", "64", "--duration", "30"]


@pytest.fixture(autouse=True)
def _links_can_be_made() -> None:
    with made(parse_link("10M")):
        pass


def started(tmp_path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        COMMAND,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "QUEUEMARK_DATA_DIR": str(tmp_path / "data")},
    )


def namespaces(pid: int) -> set[str]:
    """Network namespaces that a process is in or holds open."""
    found = set()
    with contextlib.suppress(OSError):
        for place in (Path(f"/proc/{pid}/ns/net"), *Path(f"/proc/{pid}/fd").iterdir()):
            # A descriptor may be closed meanwhile.
            with contextlib.suppress(OSError):
                found.add(str(place.readlink()))
    return {name for name in found if name.startswith("net:[")}


def linked(command: subprocess.Popen[bytes], tmp_path: Path) -> set[str]:
    """The namespaces of the command's link, once a runner and its workers are at work over it."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        apart = [pid for pid in processes_of(str(tmp_path)) if namespaces(pid) - namespaces(os.getpid())]
        if len(apart) == 4:
            return namespaces(command.pid) - namespaces(os.getpid())
        time.sleep(0.02)
    pytest.fail("no trial over a link began")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_of_a_link_survives_its_command(number: signal.Signals, tmp_path: Path) -> None:
    with started(tmp_path) as command:
        held = linked(command, tmp_path)
        assert len(held) == 2
        with opened(processes_of(str(tmp_path))) as descriptors:
            command.send_signal(number)
            assert gone(descriptors, 3 * GONE_WITHIN_S)
        command.wait(5)
    assert none_left_of(str(tmp_path))
    assert [pid for pid in psutil.pids() if held & namespaces(pid)] == []
    assert command.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
