"""Which process is writing a session, so that a session whose process died is known as interrupted.

A process is named by the boot it belongs to, its id and its start time: an id alone is used again.
"""

from __future__ import annotations

__all__ = ["alive", "holder_pid", "this_process"]

import os
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def this_process() -> str:
    """``BOOT/PID/START``; BOOT and START are ``-`` where the system does not tell them."""
    return _named(os.getpid()) or f"{_boot()}/{os.getpid()}/-"


def alive(holder: str | None) -> bool:
    """Whether the process that ``this_process`` named still runs on this machine."""
    if holder is None:
        return False
    boot, pid_text, start = holder.split("/")
    pid = int(pid_text)
    if start != "-":
        return _named(pid) == holder
    return boot == _boot() and _answers(pid)


def holder_pid(holder: str | None) -> int | None:
    return int(holder.split("/")[1]) if holder else None


def _named(pid: int) -> str | None:
    """None when there is no such process, when it is a zombie, or without /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The command's name stands in parentheses and may itself hold blanks and parentheses.
    fields = stat.rpartition(")")[2].split()
    state, start_ticks = fields[0], fields[19]
    return None if state in "ZX" else f"{_boot()}/{pid}/{start_ticks}"


def _boot() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return "-"


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
