"""Sites within the test's own process: over an empty record, and over a filled one that is only read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest
from litestar.testing import TestClient

from queuemark.web.app import create_app
from queuemark.web.settings import LOOPBACK, Settings
from tests.postgres import Server
from tests.web.reading import filled


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database=database_url, names=LOOPBACK)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def filled_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with _database(request, tmp_path_factory) as url:
        filled(url)
        yield url


def _database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AbstractContextManager[str]:
    if request.param == "sqlite":
        return nullcontext(f"sqlite:///{tmp_path_factory.mktemp('site')}/record.sqlite3")
    server: Server = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture(scope="module")
def site(filled_database: str) -> Iterator[TestClient]:
    """While a site runs, the whole process collects its garbage in another way: it ends with its module."""
    settings = Settings(database=filled_database, names=LOOPBACK)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        client.headers["accept"] = "text/html"
        yield client
