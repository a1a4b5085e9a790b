"""A process is known by its boot, id and start, so that a reused id is not taken for it."""

from __future__ import annotations

import os
import subprocess
import sys

from queuemark.store.holder import alive, holder_pid, this_process


def test_this_process_is_alive() -> None:
    assert alive(this_process())
    assert holder_pid(this_process()) == os.getpid()


def test_a_process_that_ended_is_not() -> None:
    program = "from queuemark.store.holder import this_process; print(this_process())"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert not alive(ended.stdout.strip())


def test_a_zombie_is_not() -> None:
    program = "from queuemark.store.holder import this_process; print(this_process())"
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout is not None
        named = child.stdout.read().strip()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not alive(named)


def test_another_process_of_the_same_id_is_not() -> None:
    boot, pid, start = this_process().split("/")
    assert not alive(f"{boot}/{pid}/{int(start) + 1}")
    assert not alive(f"another-boot/{pid}/{start}")


def test_where_no_start_is_told_the_id_decides() -> None:
    boot, pid, _ = this_process().split("/")
    assert alive(f"{boot}/{pid}/-")
    assert not alive(f"{boot}/{2**22 + 1}/-")
    assert not alive(None)
