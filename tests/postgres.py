"""A PostgreSQL server of the tests' own, without a network, gone when they are; or one that already runs.

QUEUEMARK_TEST_POSTGRES names a server that may be used instead: ``postgresql://USER@HOST/NAME`` of somebody who may
create databases.
"""

from __future__ import annotations

__all__ = ["Server", "database_url", "postgres", "prepared_postgres", "prepared_sqlite"]

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, delete, make_url, text, update

from queuemark.store.opening import opened
from queuemark.store.record import Record
from queuemark.store.tables import metadata, totals

NOBODY = "nobody"

NOTHING = {"sessions": 0, "cases": 0, "trials": 0, "platforms": 0}

_numbers = itertools.count()


class Server:
    """Where databases can be made, one for each test."""

    def __init__(self, url: URL) -> None:
        self.url = url

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of an empty database, which is dropped behind its test."""
        name = f"queuemark_test_{os.getpid()}_{next(_numbers)}"
        self._say(f"CREATE DATABASE {name}")
        try:
            yield self.url.set(database=name).render_as_string(hide_password=False)
        finally:
            self._say(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def role(self, name: str, password: str) -> Iterator[None]:
        """Somebody who may log in."""
        self._say(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        try:
            yield
        finally:
            self._say(f"DROP ROLE {name}")

    def _say(self, words: str) -> None:
        engine = create_engine(self.url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(words))
        engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    pytest.importorskip("psycopg", reason="psycopg is not installed (pip install 'queuemark[postgres]')")
    named = os.environ.get("QUEUEMARK_TEST_POSTGRES")
    if named is not None:
        yield Server(make_url(named))
        return
    # No name of ours: tests look for sockets that have one.
    with tempfile.TemporaryDirectory(prefix="postgres-of-tests-") as directory, _started(Path(directory)) as server:
        yield server


@pytest.fixture(scope="session")
def prepared_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest tables, to be copied: making them takes longer than most tests do."""
    path = tmp_path_factory.mktemp("prepared") / "record.sqlite3"
    Record.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def prepared_postgres(postgres: Server) -> Iterator[str]:
    """A database with the newest tables, for one test after another."""
    with postgres.database() as url:
        Record.open(url).close()
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty record: in a file, then in a database on a server."""
    if request.param == "sqlite":
        path = shutil.copy(request.getfixturevalue("prepared_sqlite"), tmp_path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("prepared_postgres")
    _empty(url)
    return url


def _empty(url: str) -> None:
    engine, _ = opened(url)
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table) if table is not totals else update(table).values(NOTHING))
    engine.dispose()


@contextmanager
def _started(directory: Path) -> Iterator[Server]:
    user, give = _unprivileged()
    give(directory)
    data = directory / "data"
    authentication = ["-A", "trust", "-U", "postgres", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]
    subprocess.run(
        [_program("initdb"), "-D", str(data), *authentication], check=True, capture_output=True, timeout=60, **user
    )
    # Whoever is called asked must know a password.
    hba = data / "pg_hba.conf"
    hba.write_text("local all asked scram-sha-256\n" + hba.read_text())
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(
            f"listen_addresses = ''\nunix_socket_directories = '{directory}'\nfsync = off\nmax_connections = 60\n"
        )
    # In a session of its own and nobody's child: tests interrupt their process group, and look for children left over.
    control = [_program("pg_ctl"), "-D", str(data), "-l", str(data / "log"), "-w"]
    said = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "timeout": 60, **user}
    started = subprocess.run([*control, "start"], check=False, **said)
    assert started.returncode == 0, f"the server did not start: {(data / 'log').read_text()}"
    try:
        yield Server(URL.create("postgresql", "postgres", database="postgres", query={"host": str(directory)}))
    finally:
        # At once: what its databases hold is of no use any more.
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, **said)


def _program(name: str) -> str:
    """Debian keeps a server's programs, of each version its own, out of the way."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which(name)
    if found is None:
        pytest.skip(f"PostgreSQL's {name} is not installed (apt-get install postgresql)")
    return found


def _unprivileged() -> tuple[dict[str, object], Callable[[Path], None]]:
    """How to start a program as somebody who is not root, and how to give them a directory; the server insists."""
    if os.geteuid() != 0:
        return {}, lambda path: None
    nobody = pwd.getpwnam(NOBODY)

    def give(path: Path) -> None:
        os.chown(path, nobody.pw_uid, nobody.pw_gid)

    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}, give
