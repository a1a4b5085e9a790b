"""The bare reference programs: compiled here, run here, one JSON line each.

1. They are compiled, C by ``cc -std=c17 -O3`` and C++ by ``c++ -std=c++20 -O3``, whenever a source is newer,
   beside the old program, which it then replaces: another who runs it meanwhile has one or the other, whole.
2. A program that fails is an error with its own words; it is never a slow result.
3. A source that needs a header of others says so in a line of its own, ``// needs: HEADER (REMEDY)``; where that is
   not installed its program is left out, and whoever wants to run it is told the remedy. ``// links: NAME...`` names
   the libraries that it is linked with.
"""

from __future__ import annotations

__all__ = ["OUT", "Bare", "BareRun", "NotInstalled", "build"]

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from queuemark.model.errors import QueuemarkError

SOURCES = Path(__file__).resolve().parent / "bare"
OURS = SOURCES.parent.parent / "native" / "engine" / "histogram.hpp"
"""What of ours a program there includes."""

OUT = Path(__file__).resolve().parent / "out"
FLAGS = ["-O3", "-Wall", "-Wextra", "-Werror"]
COMPILERS = {".c": ("cc", "gcc", "-std=c17"), ".cpp": ("c++", "g++", "-std=c++20")}
TIMEOUT_S = 90.0

_NEEDS = re.compile(r"^// needs: (\S+) \((.+)\)$", re.MULTILINE)
_LINKS = re.compile(r"^// links: (.+)$", re.MULTILINE)


class NotInstalled(QueuemarkError):
    """What a program is built from is not on this machine; nothing has failed."""


class BareRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bare program counted.

    messages: received, in sum; window_ns: first send to last receive. sent, bytes, calls_sent: what the producer's
    calls took, a copy for each consumer that gets one; send_window_ns: its first to its last call. cpu_ns: user and
    system time of all workers in the window, 0 where the program does not count it.
    """

    messages: int
    window_ns: int
    sent: int
    send_window_ns: int
    bytes: int
    calls_sent: int
    cpu_ns: int = 0

    @property
    def rate_per_s(self) -> float:
        return self.messages * 1e9 / self.window_ns

    @property
    def send_rate_per_s(self) -> float:
        return self.sent * 1e9 / self.send_window_ns


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
        return [*self._program(), self.mechanism, *shape, *counts, *self.options]

    def _program(self) -> list[str]:
        """A compiled one, or a script for this Python."""
        if self.program.endswith(".py"):
            return [sys.executable, "-P", str(SOURCES / self.program)]
        return [str(OUT / self.program)]

    def run(self, items: int) -> BareRun:
        """Raises: NotInstalled, where the program could not be built; QueuemarkError, when it fails."""
        command = self.command(items)
        if not Path(command[0]).exists():
            raise NotInstalled(_lacking(self.program))
        ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        if ended.returncode != 0:
            said = ended.stderr.strip() or "nothing"
            raise QueuemarkError(f"{' '.join(command)} ended with {ended.returncode} and said: {said}")
        return msgspec.json.decode(ended.stdout, type=BareRun)


def build() -> None:
    """Compiles what is older than its source.

    Raises: QueuemarkError without a compiler, or with the compiler's words.
    """
    OUT.mkdir(exist_ok=True)
    header_time = max(header.stat().st_mtime for header in (OURS, *SOURCES.glob("*.h")))
    for source in _sources():
        program = OUT / source.stem
        if not program.exists() or program.stat().st_mtime < max(source.stat().st_mtime, header_time):
            _compile(source, program)


def _sources() -> list[Path]:
    return sorted(path for path in SOURCES.iterdir() if path.suffix in COMPILERS)


def _compile(source: Path, program: Path) -> None:
    *names, standard = COMPILERS[source.suffix]
    compiler = next((found for name in names if (found := shutil.which(name))), None)
    if compiler is None:
        raise QueuemarkError(f"{source.name} needs the compiler {names[0]} and there is none: apt-get install g++")
    if not _has_header(compiler, source):
        program.unlink(missing_ok=True)
        return
    linked = _LINKS.search(source.read_text())
    libraries = [f"-l{name}" for name in linked[1].split()] if linked else []
    half = program.with_name(f".{program.name}.{os.getpid()}")
    command = [compiler, standard, *FLAGS, str(source), "-o", str(half), *libraries]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        half.unlink(missing_ok=True)
        raise QueuemarkError(f"{' '.join(command)} failed:\n{ended.stderr.strip()}")
    half.replace(program)


def _has_header(compiler: str, source: Path) -> bool:
    """Whether the header that the source says it needs, if any, can be read."""
    needed = _NEEDS.search(source.read_text())
    if needed is None:
        return True
    language = "c++" if source.suffix == ".cpp" else "c"
    asked = [compiler, "-fsyntax-only", "-include", needed[1], "-x", language, "/dev/null"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def _lacking(program: str) -> str:
    """Why a program is not there, and what to do."""
    source = next((path for path in _sources() if path.stem == program), None)
    needed = _NEEDS.search(source.read_text()) if source else None
    if needed is None:
        return f"there is no program {program}: it is not among the sources in {SOURCES}"
    return f"{program} needs {needed[1]}, which is not installed: {needed[2]}"
