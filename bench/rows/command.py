"""How long a person waits for ``queuemark --help``."""

from __future__ import annotations

__all__ = ["ROWS"]

import subprocess
import sys
import time
from pathlib import Path

from bench.ceiling import CeilingRow, Sample
from queuemark.model.errors import QueuemarkError


def _help(_index: int) -> Sample:
    command = [str(Path(sys.executable).parent / "queuemark"), "--help"]
    start_ns = time.perf_counter_ns()
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError as error:
        raise QueuemarkError(f"there is no {command[0]}: install the package with make run") from error
    taken_s = (time.perf_counter_ns() - start_ns) / 1e9
    if ended.returncode != 0:
        raise QueuemarkError(f"queuemark --help ended with {ended.returncode}: {ended.stderr.strip()[-200:]}")
    return Sample(taken_s, {})


ROWS = (
    CeilingRow(
        name="command/help", unit="s", ceiling=0.2, command="time queuemark --help", sample=_help, judged="median"
    ),
)
