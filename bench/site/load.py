"""wrk as the readers and the senders of a site; it runs on the same cpus as the site itself."""

from __future__ import annotations

__all__ = ["Load", "asked", "posted"]

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile

import msgspec

from bench.bare import NotInstalled
from queuemark.model.errors import QueuemarkError

_SCRIPT = Path(__file__).with_name("asking.lua")
_ANSWER_S = 30


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """refused: answers that were no success. broken: requests without an answer."""

    requests: int
    duration_us: int
    p50_us: int
    p99_us: int
    max_us: int
    refused: int
    broken: int

    @property
    def per_s(self) -> float:
        return self.requests * 1e6 / self.duration_us


def asked(url: str, paths: Sequence[str], *, readers: int, duration_s: int) -> Load:
    """readers: each asks again as soon as it has its answer. Raises: QueuemarkError unless every answer is a 200."""
    with NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("".join(f"{path}\n" for path in paths))
        file.flush()
        return _wrk(url, readers, duration_s, ["paths", file.name])


def posted(url: str, session: bytes, session_id: str, *, senders: int, duration_s: int) -> Load:
    """The same session under a new id each time; session_id: the one in the text."""
    with NamedTemporaryFile("wb", suffix=".json") as file:
        file.write(session)
        file.flush()
        return _wrk(url, senders, duration_s, ["posts", file.name, session_id])


def _wrk(url: str, connections: int, duration_s: int, arguments: list[str]) -> Load:
    program = shutil.which("wrk")
    if program is None:
        raise NotInstalled("it needs wrk (apt-get install wrk)")
    command = [program, "-t1", f"-c{connections}", f"-d{duration_s}s", f"--timeout={_ANSWER_S}s", "-s", str(_SCRIPT)]
    ended = subprocess.run(
        [*command, url, "--", *arguments], capture_output=True, text=True, timeout=duration_s + 60, check=False
    )
    lines = [line for line in ended.stdout.splitlines() if line.startswith("{")]
    if ended.returncode != 0 or not lines:
        raise QueuemarkError(f"wrk ended with {ended.returncode}: {(ended.stderr or ended.stdout).strip()[-200:]}")
    found = msgspec.json.decode(lines[-1], type=Load)
    if found.refused or found.broken or not found.requests:
        raise QueuemarkError(
            f"of {found.requests} requests {found.refused} were refused and {found.broken} had no answer"
        )
    return found
