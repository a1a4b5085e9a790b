"""`queuemark serve` in a process of its own, as visitors meet it, over a database of the test's."""

from __future__ import annotations

__all__ = ["TOKEN", "Site", "serving"]

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import httpx
import psutil

START_S = 30.0
STOP_S = 10.0

TOKEN = "0123456789abcdef0123456789abcdef0123456789abcdef"
"""The private token of whatever a test submits."""


class Site(NamedTuple):
    """A server that answers. log: what it says on stderr."""

    url: str
    process: subprocess.Popen[str]
    log: Path
    client: httpx.Client

    def submit(self, body: bytes, *, token: str = TOKEN) -> dict[str, Any]:
        """The receipt of a session that is accepted."""
        headers = {"Accept": "application/json", "Content-Type": "application/json", "Queuemark-Token": token}
        answer = self.client.post("/sessions", content=body, headers=headers)
        assert answer.status_code == 201, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    def submit_original(self, body: bytes) -> str:
        """What the original's program shows its user."""
        headers = {"Content-Type": "application/xml", "Accept": "text/plain"}
        answer = self.client.post("/platforms", content=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.text

    @property
    def processes(self) -> list[int]:
        """The server and, where it has them, its workers."""
        server = psutil.Process(self.process.pid)
        return [server.pid, *(child.pid for child in server.children(recursive=True))]


@contextmanager
def serving(directory: Path, *options: str) -> Iterator[Site]:
    """directory: holds the database and the log. The server gets SIGTERM at the end and has to leave by itself."""
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "serve.log"
    command = [sys.executable, "-m", "queuemark", "serve", "--port", "0", *options]
    environment = {**os.environ, "QUEUEMARK_DATA_DIR": str(directory / "data")}
    with (
        log.open("a", encoding="utf-8") as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, env=environment, text=True) as process,
    ):
        try:
            url = _url_of(process, log)
            with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
                yield Site(url=url, process=process, log=log, client=client)
        finally:
            _end(process)


def _url_of(process: subprocess.Popen[str], log: Path) -> str:
    """The line that says where the site is; it comes when the site answers."""
    assert process.stdout is not None
    deadline = monotonic() + START_S
    while select.select([process.stdout], [], [], max(0.0, deadline - monotonic()))[0]:
        line = process.stdout.readline()
        if found := re.search(r"http://[^\s/]+", line):
            return found[0]
        if not line:
            break
    raise AssertionError(f"the site did not start: {log.read_text(encoding='utf-8')}")


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
