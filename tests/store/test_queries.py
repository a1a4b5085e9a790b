"""No page reads the record from one end to the other, and none reads more because there is more of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.summary import summaries
from queuemark.model.details import Details
from queuemark.model.session import SessionDocument
from queuemark.store.opening import opened
from queuemark.store.record import Record
from queuemark.store.rows import CaseFilter, SessionFilter
from tests.examples import case, trial
from tests.store.recorded import TOKEN, accept, made

SHOWN = 5

Page = Callable[[Record], object]

PAGES: dict[str, Page] = {
    "recent": lambda record: record.recent(SHOWN),
    "recent, further on": lambda record: record.recent(SHOWN, 20),
    "of a system": lambda record: record.recent(SHOWN, wanted=SessionFilter(system="Linux")),
    "of a system, further on": lambda record: record.recent(SHOWN, 20, SessionFilter(system="Linux")),
    "of a release and a transport": lambda record: record.recent(
        SHOWN, wanted=SessionFilter(release="6.1", transport="tcp")
    ),
    "of a platform": lambda record: record.recent(SHOWN, wanted=SessionFilter(platform_id=platform_of(record))),
    "a session": lambda record: record.session_row(made(3).session.id),
    "details": lambda record: record.details(made(3).session.id),
    "whose": lambda record: record.is_owner(made(3).session.id, TOKEN),
    "a document": lambda record: record.document(made(3).session.id),
    "estimated": lambda record: record.estimated(made(3).session.id, latencies=True),
    "platforms": lambda record: record.platforms(SHOWN),
    "platforms, further on": lambda record: record.platforms(SHOWN, platform_of(record)),
    "platforms of a processor": lambda record: record.platforms(
        SHOWN, platform_of(record), SessionFilter(cpu_model="A")
    ),
    "platforms of a release": lambda record: record.platforms(SHOWN, platform_of(record), SessionFilter(release="6.1")),
    "a platform": lambda record: record.platform(platform_of(record)),
    "best": lambda record: record.best(SHOWN),
    "cases": lambda record: record.cases(CaseFilter(size_bytes=64, consumers=1), SHOWN),
    "cases of a transport": lambda record: record.cases(CaseFilter(size_bytes=64, consumers=1, transport="tcp"), SHOWN),
    "cases of a platform": lambda record: record.cases(
        CaseFilter(size_bytes=64, consumers=1, platform_id=platform_of(record)), SHOWN
    ),
    "choices": lambda record: record.choices("release", SHOWN),
    "totals": lambda record: record.totals(),
    "unsummarised": lambda record: record.unsummarised(SHOWN),
}


def platform_of(record: Record) -> str:
    return record.session_row(made(3).session.id).platform.id


class Watched:
    """A record whose statements are noted, with the steps that SQLite made for them."""

    def __init__(self, path: Path) -> None:
        self.engine, where = opened(f"sqlite:///{path}")
        self.record = Record(self.engine, where)
        self.statements: list[tuple[str, Any]] = []
        self.steps = 0
        event.listen(self.engine, "before_cursor_execute", self._note)

    def _note(self, connection: Any, cursor: Any, statement: str, parameters: Any, *rest: object) -> None:
        self.statements.append((statement, parameters))
        cursor.connection.set_progress_handler(self._step, 1)

    def _step(self) -> int:
        self.steps += 1
        return 0

    def steps_of(self, page: Page) -> int:
        """Once what is prepared only once has been: SQLite reads its own tables then."""
        page(self.record)
        self.steps = 0
        page(self.record)
        return self.steps


@pytest.fixture(scope="module")
def watched(prepared_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    path = tmp_path_factory.mktemp("watched") / "record.sqlite3"
    path.write_bytes(prepared_sqlite.read_bytes())
    found = Watched(path)
    fill(found.record, range(1, 41))
    yield found
    found.record.close()


def fill(record: Record, numbers: range) -> None:
    for number in numbers:
        accept(record, varied(number))


def varied(number: int) -> SessionDocument:
    """Of two releases, two processors and ever more platforms."""
    cases = [case("tcp"), case("pipe", size_bytes=64 << number % 3)]
    return made(
        number,
        *((of, [trial(of, repeat, delivered=100_000 + number) for repeat in range(3)]) for of in cases),
        release=f"6.{number % 2}",
        cpu_model="AB"[number // 2 % 2],
        cpus=list(range(number % 4 + 1)) if number < 5 else list(range(number)),
    )


def plan(engine: Engine, statement: str, parameters: Any) -> list[str]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [row.detail for row in rows]


SCANNED = re.compile(r"SCAN (sessions|cases|trials|documents|platforms|facets|listed|details)(?! USING)|TEMP B-TREE")


def scans(watched: Watched, page: Page) -> list[tuple[str, str]]:
    """(statement, step) of those that a page makes and that go through a whole table."""
    watched.statements.clear()
    page(watched.record)
    made_for_it = list(watched.statements)
    assert made_for_it
    found = []
    for statement, parameters in made_for_it:
        one = parameters[0] if isinstance(parameters, list) else parameters
        found += [(statement, step) for step in plan(watched.engine, statement, one) if SCANNED.search(step)]
    return found


@pytest.mark.parametrize("name", sorted(PAGES))
def test_no_page_scans_or_sorts_a_table(watched: Watched, name: str) -> None:
    assert scans(watched, PAGES[name]) == []


CHANGES: dict[str, Page] = {
    "accept": lambda record: accept(record, varied(101)),
    "accept again": lambda record: accept(record, varied(3)),
    "edit": lambda record: record.edit(made(4).session.id, TOKEN, Details(notes="mine")),
    "summarise": lambda record: record.summarise(made(5).session.id, summaries(with_estimates(varied(5)))),
    "withdraw": lambda record: record.withdraw(made(6).session.id, TOKEN),
}


@pytest.mark.parametrize("name", CHANGES)
def test_no_change_scans_or_sorts_a_table(watched: Watched, name: str) -> None:
    assert scans(watched, CHANGES[name]) == []


def test_a_scan_would_be_noticed(watched: Watched) -> None:
    found = plan(watched.engine, "SELECT id FROM sessions WHERE command = 'x' ORDER BY created_at, state", ())
    assert any(SCANNED.search(step) for step in found)


def test_a_record_four_times_as_large_costs_no_page_more(watched: Watched) -> None:
    small = {name: watched.steps_of(page) for name, page in PAGES.items()}
    fill(watched.record, range(41, 161))
    large = {name: watched.steps_of(page) for name, page in PAGES.items()}
    grown = {name: (small[name], large[name]) for name in PAGES if large[name] > 1.3 * small[name] + 50}
    assert grown == {}
