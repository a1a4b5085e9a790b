"""A database by its address: what can be read, and one clear line when it cannot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from queuemark.model.errors import QueuemarkError, UsageError
from queuemark.store.directory import DATABASE_NAME
from queuemark.store.opening import opened
from queuemark.store.record import Record
from tests.postgres import Server

SECRET = "correct-horse"


def refused(address: str) -> str:
    """What is said, on one line, without the password."""
    with pytest.raises(QueuemarkError) as caught:
        Record.open(address)
    said = str(caught.value)
    assert "\n" not in said
    assert SECRET not in said
    return said


@pytest.mark.parametrize("address", ["", "queuemark", f"//u:{SECRET}@host", f"post gres://u:{SECRET}@host/x"])
def test_what_is_no_address_is_told_with_an_example(address: str) -> None:
    assert "write for example postgresql://" in refused(address)


@pytest.mark.parametrize("address", [f"mysql://u:{SECRET}@host/x", "sqlite://", "sqlite:///"])
def test_another_kind_of_database_is_told_with_an_example(address: str) -> None:
    assert "no database is kept in" in refused(address)


def test_without_an_address_it_is_the_local_store(tmp_path: Path) -> None:
    engine, where = opened(directory=tmp_path)
    engine.dispose()
    assert where == str(tmp_path / DATABASE_NAME)
    assert Path(where).is_file()


def test_a_file_that_cannot_be_made_names_it(tmp_path: Path) -> None:
    said = refused(f"sqlite:///{tmp_path / 'none' / 'record.sqlite3'}")
    assert str(tmp_path / "none" / "record.sqlite3") in said
    assert "unable to open database file" in said


def test_a_driver_that_is_missing_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageError, match=r"pip install 'queuemark\[postgres\]'"):
        opened("postgresql://host/x")


def test_a_server_that_does_not_run_is_told(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed (pip install 'queuemark[postgres]')")
    said = refused(f"postgresql://ann:{SECRET}@/x?host={tmp_path}")
    assert "cannot open the tables in the database postgresql://" in said
    assert "start the server, or correct the address" in said


def test_a_wrong_password_is_told_and_not_repeated(postgres: Server) -> None:
    with postgres.role("asked", "another"), postgres.database() as url:
        address = url.replace("postgres@", f"asked:{SECRET}@")
        assert address != url
        said = refused(address)
    assert "password authentication failed" in said
    assert "correct the user and the password in the address" in said


def test_a_database_or_user_that_there_is_not_is_told_with_the_command(postgres: Server) -> None:
    there = postgres.url.render_as_string(hide_password=False)
    assert "createdb NAME" in refused(there.replace("/postgres?", "/nowhere?"))
    assert "createuser NAME" in refused(there.replace("postgres@", f"nobody-here:{SECRET}@"))


def test_a_database_of_another_owner_is_told(postgres: Server) -> None:
    with postgres.role("guest", "guest"), postgres.database() as url:
        said = refused(url.replace("postgres@", "guest@"))
    assert "permission denied" in said
    assert "make the user the owner of the database" in said


def test_two_that_open_an_empty_database_at_once_migrate_it_once(postgres: Server) -> None:
    program = "import sys; from queuemark.store.record import Record; Record.open(sys.argv[1]).close()"
    with postgres.database() as url:
        arguments = [sys.executable, "-c", program, url]
        openings = [subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) for _ in range(3)]
        assert [(each.communicate(timeout=60)[1], each.returncode) for each in openings] == [("", 0)] * 3
