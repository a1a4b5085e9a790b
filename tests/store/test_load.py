"""A session by any of its names."""

from __future__ import annotations

from pathlib import Path

import pytest

from queuemark.model.errors import UsageError
from queuemark.model.session import encode_session
from queuemark.store import Store, load
from tests.examples import SESSION_ID, case, document, session, trial


def example() -> bytes:
    of = case("tcp")
    return encode_session(document((of, [trial(of)])))


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
