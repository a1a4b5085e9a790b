"""Fixtures that tests of several packages share."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.postgres import database_url, postgres, prepared_postgres, prepared_sqlite

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["chromium", "database_url", "fake_runner", "postgres", "prepared_postgres", "prepared_sqlite"]

FAKE_SOURCE = Path(__file__).parent / "runners" / "fakes" / "runner.py"


@pytest.fixture(scope="session", autouse=True)
def no_reports() -> Iterator[None]:
    """What a session leaves behind takes longer to draw than the sessions of tests take to run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUEUEMARK_NO_REPORT", "1")
        yield


@pytest.fixture(scope="session")
def fake_runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An executable that keeps the runner contract, or breaks it as its parameter ``behave`` says."""
    path = tmp_path_factory.mktemp("fakes") / "fake-runner"
    path.write_text(f"#!{sys.executable} -IS\n{FAKE_SOURCE.read_text()}")
    path.chmod(0o755)
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's; ended with its module: while it runs, nothing else in this thread can have an event loop."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()
