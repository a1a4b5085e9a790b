"""What a record promises, over a file and over PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.summary import summaries
from queuemark.model.details import Details
from queuemark.model.errors import Conflict, NotFound, UsageError, Withdrawn
from queuemark.model.plan import Case
from queuemark.model.session import SessionDocument
from queuemark.model.summary import CaseSummary
from queuemark.model.trial import Trial
from queuemark.store import Store
from queuemark.store.opening import opened
from queuemark.store.record import Record
from queuemark.store.rows import CaseFilter, Choice, Receipt, SessionFilter, Totals
from queuemark.store.tables import listed, metadata, sessions
from tests.examples import case, trial
from tests.store.recorded import TOKEN, accept, made

FOREIGN = "f" * 32


def test_what_was_accepted_comes_back(record: Record, database_url: str) -> None:
    given = made(1, (case("tcp"), [trial(case("tcp"), repeat) for repeat in range(3)]), (case("pipe"), []))
    session_id = given.session.id
    assert accept(record, given) == Receipt(session_id=session_id, created=True, owned=True)
    with Record.open(database_url) as again:
        assert again.document(session_id) == given
        row = again.session_row(session_id)
        assert again.recent(10) == [row]
    assert (row.id, row.state, row.source, row.disputed) == (session_id, "complete", "queuemark", None)
    assert (row.cases, row.trials, row.command, row.host_label) == (2, 3, "queuemark run", None)
    assert row.received_at is not None
    assert (row.platform.system, row.platform.cpus, row.platform.sessions) == ("Linux", 2, 1)
    assert record.totals() == Totals(sessions=1, cases=2, trials=3, platforms=1)


def test_the_same_session_twice_is_one(record: Record) -> None:
    given = made()
    accept(record, given)
    assert accept(record, given) == Receipt(session_id=given.session.id, created=False, owned=True)
    assert accept(record, given, token=FOREIGN) == Receipt(session_id=given.session.id, created=False, owned=False)
    assert record.totals().sessions == 1
    assert not record.is_owner(given.session.id, FOREIGN)
    assert record.is_owner(given.session.id, TOKEN)


def test_other_content_under_an_id_is_refused(record: Record) -> None:
    given = made()
    accept(record, given)
    with pytest.raises(Conflict, match="another session under the id"):
        accept(record, made(release="6.9"))
    assert record.document(given.session.id) == given


def test_a_batch_is_taken_once(record: Record) -> None:
    accept(record, made(1), source="queueable", uhash="batch")
    assert accept(record, made(1), source="queueable", uhash="batch").created is False
    with pytest.raises(Conflict, match="each is taken once"):
        accept(record, made(2), uhash="batch")
    record.withdraw(made(1).session.id, TOKEN)
    with pytest.raises(Conflict, match="each is taken once"):
        accept(record, made(3), uhash="batch")
    assert record.totals().sessions == 0


def test_where_a_persons_files_lie_is_not_kept(record: Record) -> None:
    given = made()
    given.session.plan = msgspec.structs.replace(given.session.plan, messages_path="/home/ann/mail.txt")
    accept(record, given)
    assert record.document(given.session.id).session.plan.messages_path is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"system": "Li\0nux"}, "machine.system holds a character of code 0"),
        ({"cpu_model": "x" * 201}, "machine.cpu_model has 201 characters; at most 200"),
        ({"cpus": list(range(65_537))}, "machine.cpus names more than 65536"),
    ],
)
def test_what_cannot_be_searched_by_is_refused_by_its_place(record: Record, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        accept(record, made(1, **changed))
    assert record.totals() == Totals(sessions=0, cases=0, trials=0, platforms=0)


def test_more_transports_than_anybody_has_are_refused(record: Record) -> None:
    one = case("tcp")
    many = [(msgspec.structs.replace(one, transport=f"tcp-{number}"), []) for number in range(201)]
    with pytest.raises(UsageError, match="more than 200 transports"):
        accept(record, made(1, *many))
    accept(record, made(1, *many[:-1]))
    assert record.totals().cases == 200


def test_the_longest_words_and_largest_numbers_are_kept(record: Record) -> None:
    of = case("tcp", size_bytes=2**63 - 1, rate_per_s=1e9)
    given = made(1, (of, []), system="ü" * 200, release="r" * 200, cpu_model="\U0001f600" * 200)
    accept(record, given)
    assert record.document(given.session.id) == given
    wanted = SessionFilter(system="ü" * 200, cpu_model="\U0001f600" * 200)
    assert [row.id for row in record.recent(1, wanted=wanted)] == [given.session.id]


def test_a_case_or_repeat_that_is_there_twice_is_refused(record: Record) -> None:
    of = case("tcp")
    with pytest.raises(UsageError, match=r"holds the case .* twice"):
        accept(record, made(1, (of, [trial(of, 0)]), (of, [trial(of, 1)])))
    with pytest.raises(UsageError, match=r"same repeat of the case .* twice"):
        accept(record, made(1, (of, [trial(of, 1), trial(of, 1)])))
    assert record.recent(1) == []


def test_details_are_of_whoever_holds_the_token(record: Record) -> None:
    given = made()
    accept(record, given)
    session_id = given.session.id
    assert record.details(session_id) is None
    said = Details(host_label="the blue one", processor="Ryzen", cores=8, notes="first\nsecond")
    record.edit(session_id, TOKEN, said)
    assert record.details(session_id) == said
    assert record.session_row(session_id).host_label == "the blue one"
    record.edit(session_id, TOKEN, Details())
    assert record.details(session_id) == Details()
    assert record.session_row(session_id).host_label is None


def test_details_may_come_with_the_session(record: Record) -> None:
    accept(record, made(), details=Details(notes="quiet"))
    assert record.details(made().session.id) == Details(notes="quiet")


@pytest.mark.parametrize("change", ["edit", "withdraw"])
def test_a_foreign_token_is_told_what_an_unknown_session_is(record: Record, change: str) -> None:
    accept(record, made(1))
    said = []
    for number, token in ((1, FOREIGN), (2, TOKEN)):
        with pytest.raises(NotFound) as caught:
            getattr(record, change)(f"{number:032x}", token, *([Details()] if change == "edit" else []))
        said.append(str(caught.value).replace(f"{number:032x}", "ID"))
    assert said[0] == said[1]
    assert record.details(made(1).session.id) is None


def test_nobody_owns_what_came_without_a_token(record: Record, tmp_path: Path) -> None:
    assert not record.is_owner("0" * 32, "")
    with Store.open(tmp_path / "local") as store:
        store.add_document(made())
    with Record.open(directory=tmp_path / "local") as local:
        for token in ("", "-" * 64, TOKEN):
            assert not local.is_owner(made().session.id, token)
            with pytest.raises(NotFound):
                local.withdraw(made().session.id, token)


def test_what_was_withdrawn_is_gone_but_for_its_id(record: Record, database_url: str) -> None:
    given, other = made(1), made(2, release="6.2")
    for each in (given, other):
        accept(record, each, details=Details(notes="mine"))
    record.withdraw(given.session.id, TOKEN)
    for gone in (
        lambda: record.document(given.session.id),
        lambda: record.session_row(given.session.id),
        lambda: record.details(given.session.id),
        lambda: accept(record, given),
        lambda: accept(record, made(1, release="6.9"), token=FOREIGN),
        lambda: record.edit(given.session.id, TOKEN, Details()),
        lambda: record.withdraw(given.session.id, TOKEN),
    ):
        with pytest.raises(Withdrawn, match="was withdrawn on") as caught:
            gone()
        assert caught.value.withdrawn_at.startswith("20")
    assert [row.id for row in record.recent(10)] == [other.session.id]
    assert [row.release for row in record.platforms(10)] == ["6.2"]
    assert record.totals() == Totals(sessions=1, cases=1, trials=3, platforms=1)
    assert record.choices("transport") == [Choice(value="tcp", sessions=1)]
    assert held_rows(database_url, given.session.id) == {"tombstones": 1}


def test_whoever_runs_the_site_takes_a_session_down_without_its_token(record: Record, database_url: str) -> None:
    given, other = made(1), made(2, release="6.2")
    for each in (given, other):
        accept(record, each, details=Details(notes="mine"))
    record.take_down(given.session.id)
    for gone in (
        lambda: record.document(given.session.id),
        lambda: accept(record, given),
        lambda: record.take_down(given.session.id),
    ):
        with pytest.raises(Withdrawn):
            gone()
    with pytest.raises(NotFound):
        record.take_down(FOREIGN)
    assert [row.id for row in record.recent(10)] == [other.session.id]
    assert record.totals() == Totals(sessions=1, cases=1, trials=3, platforms=1)
    assert held_rows(database_url, given.session.id) == {"tombstones": 1}


def test_a_session_measured_here_is_taken_down_once_it_has_ended(tmp_path: Path) -> None:
    of = case("tcp")
    ended, running = made(1, (of, [trial(of)])), msgspec.structs.replace(made(2).session, state="running")
    with Store.open(tmp_path) as store, Record.open(None, tmp_path) as record:
        store.add_document(ended)
        store.begin(running)
        record.take_down(ended.session.id)
        with pytest.raises(Withdrawn):
            record.session_row(ended.session.id)
        with pytest.raises(UsageError, match="still being measured"):
            record.take_down(running.id)
        assert record.session_row(running.id).state == "running"


def test_nothing_that_was_withdrawn_is_left_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite3"
    with Record.open(f"sqlite:///{path}") as record:
        for number in range(1, 30):
            accept(record, made(number), details=Details(notes=f"secret {number} " * 100))
        for number in range(1, 29):
            record.withdraw(made(number).session.id, TOKEN)
    assert [path.name for path in tmp_path.iterdir()] == [path.name]
    found = path.read_bytes()
    assert [number for number in range(1, 30) if f"secret {number} ".encode() in found] == [29]


def held_rows(database_url: str, session_id: str) -> dict[str, int]:
    """By table, how many rows name a session; where none do, nothing."""
    engine, _ = opened(database_url)
    found = {}
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            column = table.c.get("session_id", table.c.get("id") if table.name == "sessions" else None)
            if column is not None:
                query = select(func.count()).select_from(table).where(column == session_id)
                found[table.name] = connection.execute(query).scalar_one()
        numbers = select(func.count()).select_from(listed).where(listed.c.number.not_in(select(sessions.c.number)))
        assert connection.execute(numbers).scalar_one() == 0
    engine.dispose()
    return {name: rows for name, rows in found.items() if rows}


def test_pages_go_on_behind_the_last_row(record: Record) -> None:
    for number in range(1, 8):
        accept(record, made(number))
    first = record.recent(3)
    second = record.recent(3, first[-1].number)
    third = record.recent(3, second[-1].number)
    found = [int(row.id, 16) for row in (*first, *second, *third)]
    assert found == [7, 6, 5, 4, 3, 2, 1]


FILTERED = [
    (SessionFilter(), [6, 5, 4, 3, 2, 1]),
    (SessionFilter(system="Linux"), [5, 4, 3, 2, 1]),
    (SessionFilter(release="6.2"), [5, 4]),
    (SessionFilter(system="Linux", release="6.2", cpu_model="B"), [5]),
    (SessionFilter(transport="pipe"), [5, 1]),
    (SessionFilter(transport="pipe", cpu_model="B"), [5]),
    (SessionFilter(transport="pipe", release="14"), []),
    (SessionFilter(transport="carrier-pigeon"), []),
]


@pytest.fixture
def varied(record: Record) -> Record:
    pipe = case("pipe")
    piped = (pipe, [trial(pipe, repeat) for repeat in range(3)])
    accept(record, made(1, piped, release="6.1", cpu_model="A"))
    accept(record, made(2, release="6.1", cpu_model="A"))
    accept(record, made(3, release="6.1", cpu_model="B"))
    accept(record, made(4, release="6.2", cpu_model="A"))
    accept(record, made(5, piped, release="6.2", cpu_model="B"))
    accept(record, made(6, system="FreeBSD", release="14", cpu_model=None))
    return record


@pytest.mark.parametrize(("wanted", "expected"), FILTERED)
def test_a_page_may_be_filtered(varied: Record, wanted: SessionFilter, expected: list[int]) -> None:
    assert [int(row.id, 16) for row in varied.recent(10, wanted=wanted)] == expected
    fifth = varied.session_row(made(5).session.id).number
    assert [int(row.id, 16) for row in varied.recent(1, fifth, wanted)] == [n for n in expected if n < 5][:1]


def test_a_page_may_be_of_one_platform(varied: Record) -> None:
    platform = varied.session_row(made(2).session.id).platform
    assert platform.sessions == 2
    assert varied.platform(platform.id) == platform
    assert [int(row.id, 16) for row in varied.recent(9, wanted=SessionFilter(platform_id=platform.id))] == [2, 1]
    with pytest.raises(NotFound, match="no platform"):
        varied.platform("0" * 16)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (SessionFilter(), [("14", None), ("6.1", "A"), ("6.1", "B"), ("6.2", "A"), ("6.2", "B")]),
        (SessionFilter(cpu_model="A"), [("6.1", "A"), ("6.2", "A")]),
        (SessionFilter(release="6.2"), [("6.2", "A"), ("6.2", "B")]),
        (SessionFilter(system="Linux", cpu_model="B"), [("6.1", "B"), ("6.2", "B")]),
    ],
)
def test_platforms_come_in_one_order(varied: Record, wanted: SessionFilter, expected: list[object]) -> None:
    found, after = [], None
    while page := varied.platforms(2, after, wanted):
        found += [(row.release, row.cpu_model) for row in page]
        after = page[-1].id
    assert found == expected


def test_what_there_is_to_choose_from_is_counted(varied: Record) -> None:
    told = {kind: [(each.value, each.sessions) for each in varied.choices(kind)] for kind in ("system", "transport")}
    assert told == {"system": [("Linux", 5), ("FreeBSD", 1)], "transport": [("tcp", 4), ("pipe", 2)]}
    assert [each.value for each in varied.choices("transport", 1)] == ["tcp"]
    assert {each.value for each in varied.choices("cpu_model")} == {"A", "B"}


def rated(transport: str, delivered: int, **load: Any) -> tuple[Case, list[Trial]]:
    of = case(transport, **load)
    return of, [trial(of, repeat, delivered=delivered) for repeat in range(3)]


def test_the_fastest_of_each_transport_are_found(record: Record) -> None:
    for number, delivered in enumerate((100_000, 300_000, 200_000), 1):
        accept(record, made(number, rated("tcp", delivered), rated("pipe", 2 * delivered), cpu_model=str(number)))
    accept(record, made(4, rated("tcp", 900_000, size_bytes=128)))
    wanted = CaseFilter(size_bytes=64, consumers=1)
    found = record.cases(wanted, 2)
    assert [(at.summary.transport, int(at.session_id, 16)) for at in found] == [
        *(("pipe", 2), ("pipe", 3), ("tcp", 2), ("tcp", 3))
    ]
    (one,) = record.cases(msgspec.structs.replace(wanted, transport="tcp"), 1)
    assert one.summary == summaries(with_estimates(record.document(one.session_id)))[0]
    assert one.platform.cpu_model == "2"
    there = msgspec.structs.replace(wanted, platform_id=record.session_row(made(1).session.id).platform.id)
    assert [int(at.session_id, 16) for at in record.cases(there, 5)] == [1, 1]
    assert record.cases(msgspec.structs.replace(wanted, pattern="fanout"), 5) == []


def limited(number: int, share: float, **changed: Any) -> tuple[SessionDocument, list[CaseSummary]]:
    given = made(number)
    (summary,) = summaries(with_estimates(given))
    return given, [msgspec.structs.replace(summary, **{"limit_share": share, **changed})]


@pytest.mark.parametrize(
    "changed", [{"state": "unproved"}, {"state": "failed"}, {"beyond": True}, {"limit_share": None}]
)
def test_the_best_is_proved_possible_and_not_disputed(record: Record, changed: dict[str, Any]) -> None:
    for number, share in ((1, 0.4), (2, 0.7), (3, 0.6)):
        given, found = limited(number, share)
        accept(record, given, summaries=found)
    given, found = limited(4, 0.9, **changed)
    accept(record, given, summaries=found)
    given, found = limited(5, 0.95)
    accept(record, given, summaries=found, disputed=["it cannot be", "nor can that"])
    (best,) = record.best(10)
    assert (best.transport, best.runtime, int(best.case.session_id, 16)) == ("tcp", "native", 2)
    assert record.session_row(given.session.id).disputed == "it cannot be\nnor can that"
    record.withdraw(f"{2:032x}", TOKEN)
    assert [int(best.case.session_id, 16) for best in record.best(10)] == [3]


def test_everything_public_is_dumped_in_the_order_of_arrival(record: Record) -> None:
    given = [made(number) for number in (3, 1, 2)]
    for each in given:
        accept(record, each)
    record.withdraw(made(1).session.id, TOKEN)
    assert list(record.dump()) == [given[0], given[2]]
