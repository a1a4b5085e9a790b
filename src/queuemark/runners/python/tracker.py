"""The process that removes what a killed trial leaves: multiprocessing's own resource tracker.

Semaphores and shared memory have names from when they are made until every role has opened them. The tracker knows
these names, and removes them when all processes of the trial are gone; so it has to survive what ends all of them.
"""

from __future__ import annotations

__all__ = ["start_apart"]

import subprocess
from collections.abc import Sequence
from multiprocessing import resource_tracker, util
from typing import Any


def start_apart() -> None:
    """In a process group of its own: SIGKILL to the group of the runner is not for it. It ends after the last role."""
    usual = util.spawnv_passfds
    util.spawnv_passfds = _spawned_apart
    try:
        resource_tracker.ensure_running()
    finally:
        util.spawnv_passfds = usual


def _spawned_apart(path: bytes, args: Sequence[Any], passfds: Sequence[int]) -> int:
    return subprocess.Popen([*args], executable=path, pass_fds=passfds, process_group=0).pid
