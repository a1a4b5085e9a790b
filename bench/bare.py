"""The bare reference programs: compiled here, run here, one JSON line each.

1. They are compiled with ``cc -std=c17 -O3`` whenever a source is newer than its program.
2. A program that fails is an error with its own words; it is never a slow result.
"""

from __future__ import annotations

__all__ = ["OUT", "Bare", "BareRun", "build"]

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import msgspec

from queuemark.model.errors import QueuemarkError

SOURCES = Path(__file__).resolve().parent / "bare"
OUT = Path(__file__).resolve().parent / "out"
FLAGS = ["-std=c17", "-O3", "-Wall", "-Wextra", "-Werror"]
TIMEOUT_S = 90.0


class BareRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bare program counted: messages received, first send to last receive, bytes received, calls to send."""

    messages: int
    window_ns: int
    bytes: int
    calls_sent: int

    @property
    def rate_per_s(self) -> float:
        return self.messages * 1e9 / self.window_ns


@dataclass(frozen=True)
class Bare:
    """A bare program with its arguments, the item count left open; warm-up is one item in 40 (10 ms of 0.4 s)."""

    program: str
    mechanism: str
    size_bytes: int = 16
    consumers: int = 1
    options: tuple[str, ...] = ()

    def command(self, items: int) -> list[str]:
        counts = ["--items", str(items), "--warmup", str(items // 40)]
        shape = ["--size", str(self.size_bytes), "--consumers", str(self.consumers)]
        return [str(OUT / self.program), self.mechanism, *shape, *counts, *self.options]

    def run(self, items: int) -> BareRun:
        command = self.command(items)
        ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        if ended.returncode != 0:
            said = ended.stderr.strip() or "nothing"
            raise QueuemarkError(f"{' '.join(command)} ended with {ended.returncode} and said: {said}")
        return msgspec.json.decode(ended.stdout, type=BareRun)


def build() -> None:
    """Compiles what is older than its source.

    Raises: QueuemarkError without a compiler, or with the compiler's words.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise QueuemarkError("the bare programs need a C compiler and there is none: apt-get install gcc")
    OUT.mkdir(exist_ok=True)
    header_time = (SOURCES / "bare.h").stat().st_mtime
    for source in sorted(SOURCES.glob("*.c")):
        program = OUT / source.stem
        if not program.exists() or program.stat().st_mtime < max(source.stat().st_mtime, header_time):
            _compile(compiler, source, program)


def _compile(compiler: str, source: Path, program: Path) -> None:
    command = [compiler, *FLAGS, str(source), "-o", str(program)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise QueuemarkError(f"{' '.join(command)} failed:\n{ended.stderr.strip()}")
