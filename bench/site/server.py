"""``queuemark serve`` as a process of its own, and how much memory it takes."""

from __future__ import annotations

__all__ = ["Server", "compiled", "get", "server"]

import compileall
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import psutil

import queuemark
from queuemark.model.errors import QueuemarkError

_ENDING_S = 20
_ANSWER_S = 60


@dataclass(frozen=True)
class Server:
    """start_s: from before the process is started until it has answered."""

    url: str
    pid: int
    start_s: float

    def memory_bytes(self) -> int:
        """Of all its processes, shared pages divided among their sharers."""
        process = psutil.Process(self.pid)
        return sum(each.memory_full_info().pss for each in (process, *process.children(recursive=True)))


@contextmanager
def server(database: Path, *, workers: int = 1) -> Iterator[Server]:
    """Raises: QueuemarkError when it does not start, with its own words."""
    command = [str(Path(sys.executable).parent / "queuemark"), "serve", "--port", "0", "--workers", str(workers)]
    begun = time.perf_counter()
    with subprocess.Popen([*command, "--database", f"sqlite:///{database}"], stdout=subprocess.PIPE, text=True) as run:
        try:
            line = run.stdout.readline() if run.stdout else ""
            found = re.search(r"http://[^ ]+", line)
            if found is None:
                raise QueuemarkError(f"{' '.join(command)} did not say where it is: {line.strip() or 'it ended'}")
            get(found[0], "/health")
            yield Server(found[0], run.pid, time.perf_counter() - begun)
        finally:
            run.terminate()
            try:
                run.wait(_ENDING_S)
            except subprocess.TimeoutExpired:
                run.kill()


def compiled() -> None:
    """The bytecode is there, as where pip installs it: an editable package under PYTHONDONTWRITEBYTECODE has none.

    Raises: QueuemarkError when it cannot be written.
    """
    if not compileall.compile_dir(Path(queuemark.__file__).parent, quiet=2):
        raise QueuemarkError(f"cannot compile {Path(queuemark.__file__).parent}; make it writable")


def get(url: str, path: str, *, accept: str = "*/*", unpacked: bool = False) -> bytes:
    """The body as it comes over the wire; unpacked: not packed there.

    Raises: QueuemarkError when the answer is no 200.
    """
    coding = "identity" if unpacked else "gzip"
    connection = HTTPConnection(urlsplit(url).netloc, timeout=_ANSWER_S)
    try:
        connection.request("GET", path, headers={"Accept": accept, "Accept-Encoding": coding})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise QueuemarkError(f"GET {path} was answered {answer.status}: {body[:200].decode(errors='replace')}")
    return body
