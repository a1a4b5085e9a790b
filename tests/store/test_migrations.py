"""From one revision of the tables to another and back, with data of the time, in a file and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text

from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.summary import summaries
from queuemark.model.details import Details
from queuemark.model.plan import Stage, case_key
from queuemark.model.session import SessionDocument
from queuemark.model.trial import stored_trial
from queuemark.store.engine import restructuring, sqlite_engine
from queuemark.store.opening import opened
from queuemark.store.postgres import postgres_engine
from queuemark.store.record import Record
from queuemark.store.rows import CaseFilter, SessionFilter, Totals
from queuemark.store.tables import metadata
from tests.examples import case, trial
from tests.store.recorded import TOKEN, accept, made

SESSION = text(
    'INSERT INTO sessions (id, created_at, state, holder, "schema", document) '
    "VALUES (:id, :created_at, :state, NULL, 1, :document)"
)
CASE = text(
    "INSERT INTO cases (session_id, key, ordinal, transport, runtime, document) "
    "VALUES (:id, :key, :ordinal, :transport, :runtime, :document)"
)
TRIAL = text(
    'INSERT INTO trials (session_id, case_key, repeat, "position", state, document) '
    "VALUES (:id, :key, :repeat, :position, :state, :document)"
)
HELD = {
    "sessions": 'SELECT id, created_at, state, holder, "schema", document FROM sessions ORDER BY number',
    "cases": "SELECT session_id, key, ordinal, transport, runtime, document FROM cases ORDER BY session_id, ordinal",
    "trials": 'SELECT session_id, case_key, repeat, "position", state, document FROM trials '
    "ORDER BY session_id, case_key, repeat",
}


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'record.sqlite3'}"
        return
    with request.getfixturevalue("postgres").database() as url:
        yield url


@pytest.fixture
def engine(empty_url: str) -> Iterator[Engine]:
    url = create_engine(empty_url.replace("postgresql:", "postgresql+psycopg:")).url
    made_engine = postgres_engine(url) if "postgresql" in empty_url else sqlite_engine(url.database)
    yield made_engine
    made_engine.dispose()


def move(engine: Engine, revision: str, *, up: bool = True) -> None:
    config = Config()
    config.set_main_option("script_location", "queuemark.store:migrations")
    config.set_main_option("path_separator", "os")
    with restructuring(engine).begin() as connection:
        config.attributes["connection"] = connection
        (command.upgrade if up else command.downgrade)(config, revision)
    engine.dispose()


def of_that_time(struct: msgspec.Struct, *later: str) -> str:
    """The document as it was stored before there were these fields."""
    held = msgspec.to_builtins(struct)
    for name in later:
        del held[name]
    return msgspec.json.encode(held).decode()


def store_as_rows(engine: Engine, given: SessionDocument, state: str = "complete") -> None:
    """As the first revision did it."""
    session = given.session
    assert session.machine.version is None
    document = msgspec.to_builtins(session)
    del document["facts"], document["machine"]["version"]
    with engine.begin() as connection:
        values = {"id": session.id, "created_at": "2026-03-01T12:00:00.000000Z", "state": state}
        connection.execute(SESSION, {**values, "document": msgspec.json.encode(document).decode()})
        for ordinal, result in enumerate(given.cases):
            key = {"id": session.id, "key": case_key(result.case)}
            named = {"transport": result.case.transport, "runtime": result.case.runtime}
            connection.execute(CASE, {**key, **named, "ordinal": ordinal, "document": of_that_time(result.case)})
            for each in result.trials:
                placed = {name: getattr(each, name) for name in ("repeat", "position", "state")}
                document = of_that_time(stored_trial(each), "proved")
                connection.execute(TRIAL, {**key, **placed, "document": document})


def held(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    with engine.connect() as connection:
        return {table: [tuple(row) for row in connection.execute(text(query))] for table, query in HELD.items()}


def measured(number: int = 1) -> SessionDocument:
    tcp, paced = case("tcp"), case("pipe", consumers=2, rate_per_s=1e5)
    given = made(number, (tcp, [trial(tcp, repeat) for repeat in range(3)]), (paced, [trial(paced)]))
    given.session.plan = msgspec.structs.replace(
        given.session.plan, stages=[Stage(cases=[0], repeats=2), Stage(cases=[0, 1], repeats=4)]
    )
    return given


def test_migrations_make_the_tables(engine: Engine, empty_url: str) -> None:
    opened(empty_url)[0].dispose()
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_up_from_nothing_down_to_nothing(engine: Engine, empty_url: str) -> None:
    for _ in range(2):
        move(engine, "head")
        move(engine, "base", up=False)
    with Record.open(empty_url) as record:
        assert record.totals() == Totals(sessions=0, cases=0, trials=0, platforms=0)


def test_sessions_of_the_first_revision_are_there_and_found_once_summarised(engine: Engine, empty_url: str) -> None:
    given = [measured(1), measured(2)]
    move(engine, "0001")
    for each in given:
        store_as_rows(engine, each)
    with Record.open(empty_url) as record:
        assert [record.document(each.session.id) for each in given] == given
        newest, oldest = record.recent(5)
        assert (newest.id, oldest.id) == (given[1].session.id, given[0].session.id)
        assert (newest.source, newest.cases, newest.trials, newest.command) == ("measured", 2, 0, "queuemark run")
        assert newest.platform.cpu_model == "AMD EPYC 7B13"
        assert record.totals().sessions == 0
        for session_id in record.unsummarised(5):
            record.summarise(session_id, summaries(with_estimates(record.document(session_id))))
        assert record.unsummarised(5) == []
        assert record.totals() == Totals(sessions=2, cases=4, trials=8, platforms=1)
        assert [row.trials for row in record.recent(5, wanted=SessionFilter(transport="pipe"))] == [4, 4]
        (fastest, _) = record.cases(CaseFilter(size_bytes=64, consumers=1), 5)
        assert fastest.summary == summaries(with_estimates(given[0]))[0]


def test_what_was_stored_goes_down_as_it_was(engine: Engine, empty_url: str) -> None:
    move(engine, "0001")
    for number in (1, 2):
        store_as_rows(engine, measured(number))
    before = held(engine)
    move(engine, "head")
    with Record.open(empty_url) as record:
        record.summarise(measured(1).session.id, summaries(with_estimates(measured(1))))
    move(engine, "0001", up=False)
    assert held(engine) == before


def test_what_was_made_anew_is_still_referred_to(tmp_path: Path) -> None:
    engine = sqlite_engine(tmp_path / "record.sqlite3")
    move(engine, "0001")
    store_as_rows(engine, measured(1))
    move(engine, "head")
    with engine.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        connection.execute(text("DELETE FROM sessions"))
        assert [connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in HELD] == [0, 0, 0]
    engine.dispose()


def test_what_came_in_whole_goes_down_in_rows_and_up_again(engine: Engine, empty_url: str) -> None:
    given = measured(7)
    with Record.open(empty_url) as record:
        accept(record, given, details=Details(notes="lost on the way down"))
    move(engine, "0001", up=False)
    rows = held(engine)
    assert {table: len(found) for table, found in rows.items()} == {"sessions": 1, "cases": 2, "trials": 4}
    assert [row[1] for row in rows["cases"]] == [case_key(result.case) for result in given.cases]
    with Record.open(empty_url) as record:
        assert record.document(given.session.id) == given
        assert record.details(given.session.id) is None
        assert not record.is_owner(given.session.id, TOKEN)


def test_the_planned_trials_of_stages_are_counted(tmp_path: Path) -> None:
    given = measured(1)
    engine = sqlite_engine(tmp_path / "queuemark.sqlite3")
    move(engine, "0001")
    store_as_rows(engine, given)
    with Record.open(f"sqlite:///{tmp_path / 'queuemark.sqlite3'}"), engine.connect() as connection:
        assert connection.execute(text("SELECT planned_trials, cases FROM sessions")).one() == (8, 2)
    engine.dispose()
