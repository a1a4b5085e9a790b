"""Sites within the test's own process: over an empty record, and over a filled one that tests only read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from queuemark.web.app import create_app
from queuemark.web.settings import LOOPBACK, Settings
from tests.web.reading import filled


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(directory=tmp_path, names=LOOPBACK)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture(scope="session")
def filled_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("site")
    filled(directory)
    return directory


@pytest.fixture(scope="module")
def site(filled_directory: Path) -> Iterator[TestClient]:
    """While a site runs, the whole process collects its garbage in another way: it ends with its module."""
    settings = Settings(directory=filled_directory, names=LOOPBACK)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        client.headers["accept"] = "text/html"
        yield client
