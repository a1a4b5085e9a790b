"""What is measured here, in the record's eyes: found once it has ended and is summarised, also after it went on."""

from __future__ import annotations

from pathlib import Path

from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.summary import summaries
from queuemark.model.session import SessionDocument
from queuemark.store import Store
from queuemark.store.record import Record
from queuemark.store.rows import SessionFilter, Totals
from tests.examples import SESSION_ID, case, document, session, trial
from tests.store.recorded import accept, made

TCP = case("tcp")


def summarise(record: Record) -> list[str]:
    """As a site does it. Which ones."""
    found = record.unsummarised(10)
    for session_id in found:
        record.summarise(session_id, summaries(with_estimates(record.document(session_id))))
    return found


def interrupted(store: Store) -> None:
    store.begin(session(TCP, repeats=3))
    store.add_trial(SESSION_ID, TCP, trial(TCP, 0))
    store.finish(SESSION_ID, "interrupted")


def test_a_session_that_runs_is_shown_and_not_summarised(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store, Record.open(directory=tmp_path) as record:
        store.begin(session(TCP))
        assert [(row.state, row.source, row.trials) for row in record.recent(5)] == [("running", "measured", 0)]
        assert summarise(record) == []
        assert list(record.dump()) == []
        store.finish(SESSION_ID, "complete")
        assert summarise(record) == [SESSION_ID]
        assert summarise(record) == []
        assert len(list(record.dump())) == 1


def test_one_whose_process_died_is_summarised_as_interrupted(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store, Record.open(directory=tmp_path) as record:
        store.add_document(document((TCP, [trial(TCP)]), state="running"))
        assert summarise(record) == [SESSION_ID]
        (row,) = record.recent(5, wanted=SessionFilter(transport="tcp"))
        assert (row.state, row.trials) == ("interrupted", 1)


def test_one_that_goes_on_is_counted_afresh(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store, Record.open(directory=tmp_path) as record:
        interrupted(store)
        summarise(record)
        assert record.totals() == Totals(sessions=1, cases=1, trials=1, platforms=1)
        store.reopen(SESSION_ID)
        assert record.totals() == Totals(sessions=0, cases=0, trials=0, platforms=0)
        store.add_trial(SESSION_ID, TCP, trial(TCP, 1))
        store.finish(SESSION_ID, "complete")
        assert summarise(record) == [SESSION_ID]
        assert record.totals() == Totals(sessions=1, cases=1, trials=2, platforms=1)
        assert [row.trials for row in record.recent(5, wanted=SessionFilter(transport="tcp"))] == [2]


def test_summarising_twice_counts_once(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store, Record.open(directory=tmp_path) as record:
        interrupted(store)
        summarise(record)
        found = summaries(with_estimates(record.document(SESSION_ID)))
        record.summarise(SESSION_ID, found)
        assert record.totals().sessions == 1
        assert [choice.sessions for choice in record.choices("transport")] == [1]


def test_an_imported_session_goes_on_trial_by_trial(tmp_path: Path) -> None:
    given = document((TCP, [trial(TCP, 1)]), (case("pipe"), []), state="interrupted")
    with Store.open(tmp_path) as store:
        store.add_document(given)
        store.reopen(SESSION_ID)
        store.add_trial(SESSION_ID, TCP, trial(TCP, 0))
        store.finish(SESSION_ID, "complete")
        assert store.done(SESSION_ID) == {(key(given), 0), (key(given), 1)}
        found = store.document(SESSION_ID)
        assert [each.repeat for each in found.cases[0].trials] == [0, 1]
        assert found.cases[0].trials[1] == given.cases[0].trials[0]
        assert [(one.state, one.trials) for one in store.sessions()] == [("complete", {"ok": 2})]


def key(given: SessionDocument) -> str:
    return summaries(given)[0].key


def test_what_somebody_posts_is_not_the_last_session_that_was_measured_here(tmp_path: Path) -> None:
    posted = made(7)
    posted.session.created_at = "2999-01-01T00:00:00Z"
    with Store.open(tmp_path) as store, Record.open(directory=tmp_path) as record:
        accept(record, posted)
        assert store.find("last").id == posted.session.id
        interrupted(store)
        assert store.find("last").id == SESSION_ID
        assert store.find(posted.session.id[:31]).id == posted.session.id
