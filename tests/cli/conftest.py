"""The command line against a runner that pretends, with a data directory of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from queuemark.cli.main import main


class Answer(msgspec.Struct):
    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        return self.err.splitlines()[-1]

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Answer]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def settings(fake_runner: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a command; set for this process too."""
    chosen = {"QUEUEMARK_RUNNER": str(fake_runner), "QUEUEMARK_DATA_DIR": str(data), "COLUMNS": "200"}
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    for name in ("QUEUEMARK_DEBUG", "FAKE_LIST", "FAKE_LOG", "FAKE_PROBES"):
        monkeypatch.delenv(name, raising=False)
    return {**os.environ, **chosen}


@pytest.fixture
def call(settings: dict[str, str], capfd: pytest.CaptureFixture[str]) -> Call:
    """The command in this process: quick, and what it prints is what a shell would see."""

    def answer(*words: str) -> Answer:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        seen = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Answer(code=ended.value.code, out=seen.out, err=seen.err)

    return answer


@pytest.fixture
def spawn(settings: dict[str, str]) -> Callable[..., subprocess.Popen[str]]:
    """The command in a process of its own, for what only a process shows."""

    def started(*words: str, **more: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "queuemark", *words]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, text=True, **{"env": settings, **pipes, **more})

    return started
