"""Migrations: the tables are those of tables.py, newer databases are refused, alembic is not always needed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from queuemark.model.errors import QueuemarkError
from queuemark.store import Store
from queuemark.store.directory import DATABASE_NAME
from queuemark.store.engine import sqlite_engine
from queuemark.store.migrations import NEWEST
from queuemark.store.tables import metadata
from tests.examples import SESSION_ID, case, session, trial


def test_the_newest_revision_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "queuemark.store:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [NEWEST]


def test_migrations_make_the_tables(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    engine = sqlite_engine(tmp_path / DATABASE_NAME)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_a_newer_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    with sqlite3.connect(tmp_path / DATABASE_NAME) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(QueuemarkError, match=r"newer queuemark .*revision is 9999.*update queuemark") as caught:
        Store.open(tmp_path)
    assert "\n" not in str(caught.value)
    with sqlite3.connect(tmp_path / DATABASE_NAME) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    database.close()


def test_what_is_durable_is_asked_for(tmp_path: Path) -> None:
    engine = sqlite_engine(tmp_path / DATABASE_NAME)
    with engine.connect() as connection:
        asked = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        }
    engine.dispose()
    assert asked == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 10_000,
    }


def test_a_current_store_opens_without_what_is_slow_to_import(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    program = (
        "import sys; from pathlib import Path; from queuemark.store import Store; "
        "Store.open(Path(sys.argv[1])).close(); "
        "print(sorted({'alembic', 'numpy', 'scipy'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout == "[]\n"


def test_two_processes_that_open_an_empty_directory_at_once_both_succeed(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from queuemark.store import Store; Store.open(Path(sys.argv[1])).close()"
    )
    arguments = [sys.executable, "-c", program, str(tmp_path)]
    openings = [subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(opening.communicate(timeout=60)[1], opening.returncode) for opening in openings] == [("", 0)] * 3


@pytest.mark.parametrize("table", ["documents", "cases", "trials"])
def test_a_document_of_a_newer_version_is_refused_in_one_line(tmp_path: Path, table: str) -> None:
    of = case("tcp")
    with Store.open(tmp_path) as store:
        store.begin(session(of))
        store.add_trial(SESSION_ID, of, trial(of))
    with sqlite3.connect(tmp_path / DATABASE_NAME) as database:
        database.execute(f"UPDATE {table} SET document = json_set(document, '$.future', 1)")
    database.close()
    with Store.open(tmp_path) as store, pytest.raises(QueuemarkError, match=r"another version .*`future`.*update"):
        store.document(store.find("last").id)
