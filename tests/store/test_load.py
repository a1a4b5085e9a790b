"""A session by any of its names."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from queuemark.model.errors import UsageError
from queuemark.model.session import encode_session
from queuemark.store import Store, load
from queuemark.store.directory import DATABASE_NAME
from tests.examples import SESSION_ID, case, document, session, trial


def example() -> bytes:
    of = case("tcp")
    return encode_session(document((of, [trial(of)])))


def test_a_file_is_read_without_the_library_of_the_database(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_bytes(example())
    program = "import sys; from queuemark.store import load; load(sys.argv[1]); print('sqlalchemy' in sys.modules)"
    arguments = [sys.executable, "-c", program, str(tmp_path / "mine.json")]
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "False\n"


def test_a_file_is_read_whatever_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("mine.json", "mine"):
        Path(name).write_bytes(example())
        for given in (name, f"./{name}", str(tmp_path / name)):
            assert encode_session(load(given, tmp_path / "empty")) == example()
    assert not (tmp_path / "empty").exists()


def test_a_stored_session_is_found_by_its_names(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.begin(session())
        for name in ("last", SESSION_ID, SESSION_ID[:5]):
            assert load(name, tmp_path) == store.document(SESSION_ID)


def test_nothing_stored_names_the_command_and_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="queuemark run"):
        load("last", tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", ["missing.json", "no/such/file", "."])
def test_a_missing_file_is_told_with_the_systems_words(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"No such file|no session is stored"):
        load(name, tmp_path)


def test_a_file_that_is_no_session_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"name": "another"}')
    with pytest.raises(UsageError, match=r"other.json is not a queuemark session"):
        load(str(tmp_path / "other.json"))


def without_room(*words: str) -> subprocess.CompletedProcess[str]:
    """A program in which no file may grow, as on a full disk."""
    limit = (resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    return subprocess.run(
        [sys.executable, "-c", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(*limit),
    )


LOAD = """
import sys
from pathlib import Path
from queuemark.model.errors import QueuemarkError
from queuemark.model.session import encode_session
from queuemark.store import Store, load

try:
    print(encode_session(load("last", Path(sys.argv[1]))).decode(), end="")
    with Store.open_to_read(Path(sys.argv[1])) as store:
        assert len(store.sessions()) == 1
        store.finish(store.find().id, "complete")
except QueuemarkError as error:
    print(error, file=sys.stderr)
"""


def test_what_is_stored_is_read_where_nothing_can_be_written(tmp_path: Path) -> None:
    of = case("tcp")
    with Store.open(tmp_path / "a #1? %20") as store:
        store.begin(session(of))
        store.add_trial(SESSION_ID, of, trial(of))
        store.finish(SESSION_ID, "complete")
    expected = encode_session(load("last", tmp_path / "a #1? %20")).decode()
    ended = without_room(LOAD, str(tmp_path / "a #1? %20"))
    assert ended.stdout == expected
    assert "cannot finish session" in ended.stderr
    assert "readonly database" in ended.stderr
    assert encode_session(load("last", tmp_path / "a #1? %20")).decode() == expected


def test_what_is_being_written_is_not_read_half(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.begin(session())
        shutil.copytree(tmp_path, tmp_path / "copy")
        (tmp_path / "copy" / f"{DATABASE_NAME}-shm").unlink(missing_ok=True)
        ended = without_room(LOAD, str(tmp_path / "copy"))
    assert ended.stdout == ""
    assert "cannot open the tables" in ended.stderr
    assert "ulimit -f" in ended.stderr


def test_a_database_that_is_none_stays_refused(tmp_path: Path) -> None:
    (tmp_path / DATABASE_NAME).write_bytes(b"no database " * 1000)
    ended = without_room(LOAD, str(tmp_path))
    assert (ended.stdout, "not a database" in ended.stderr) == ("", True)
