"""``queuemark withdraw``: a session leaves a record by the hand of whoever runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from queuemark.store import Store
from queuemark.store.directory import DATABASE_NAME
from queuemark.store.record import Record
from tests.examples import SESSION_ID, case, document, trial
from tests.serving import serving
from tests.store.recorded import accept, made
from tests.submissions import encoded, golden

from .conftest import Call


@pytest.fixture
def stored(data: Path) -> None:
    of = case("tcp")
    with Store.open(data) as store:
        store.add_document(document((of, [trial(of)])))


def kept(data: Path) -> list[str]:
    with Record.open(None, data) as record:
        return [row.id for row in record.recent(10)]


@pytest.mark.usefixtures("stored")
def test_it_says_what_goes_and_takes_it_out(call: Call, data: Path) -> None:
    answer = call("withdraw", SESSION_ID, "--yes")
    assert answer.code == 0 and not answer.err
    first, last = answer.out.splitlines()
    assert SESSION_ID in first and "1 case," in first
    assert last == f"session {SESSION_ID} is withdrawn"
    assert kept(data) == []
    again = call("withdraw", SESSION_ID, "--yes")
    assert again.code == 2 and "was withdrawn on" in again.err


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("words", [(SESSION_ID,), ("f" * 32, "--yes"), (SESSION_ID[:8], "--yes")])
def test_nothing_goes_without_a_yes_and_a_whole_id(call: Call, data: Path, words: tuple[str, ...]) -> None:
    answer = call("withdraw", *words)
    assert answer.code == 2 and answer.err.count("\n") == 1
    assert kept(data) == [SESSION_ID]


def test_where_nothing_is_stored_it_makes_nothing(call: Call, data: Path) -> None:
    answer = call("withdraw", SESSION_ID, "--yes")
    assert answer.code == 2 and "--database" in answer.err
    assert not (data / DATABASE_NAME).exists()


def test_what_strangers_wrote_reaches_no_terminal_as_an_escape_sequence(call: Call, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'site.sqlite3'}"
    given = made(1, cpu_model="\x1b[31mred")
    with Record.open(database) as record:
        accept(record, given)
    answer = call("withdraw", given.session.id, "--database", database, "--yes")
    assert answer.code == 0 and "\x1b" not in answer.out and "red" in answer.out


def test_a_site_that_runs_shows_a_tombstone_at_once(call: Call, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'site.sqlite3'}"
    session = golden()
    path = f"/sessions/{session.session.id}"
    with serving(tmp_path, "--database", database) as site:
        site.submit(encoded(session))
        assert site.client.get(path).status_code == 200
        assert call("withdraw", session.session.id, "--database", database, "--yes").code == 0
        assert site.client.get(path).status_code == 410
        assert site.client.get(f"{path}/pictures/rates.svg").status_code == 410
        assert site.client.post("/sessions", content=encoded(session)).status_code == 410
