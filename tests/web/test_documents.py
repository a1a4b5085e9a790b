"""Sessions for pages: decoded once while they stay as they are, and anew while they do not."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from queuemark.model.session import SessionDocument
from queuemark.store import Store
from queuemark.store.record import Record
from queuemark.web.documents import Documents, version_of
from tests.examples import case, document, trial
from tests.web.reading import SWEEP

ID = "f" * 32


def counted(found: SessionDocument) -> int:
    return sum(len(result.trials) for result in found.cases)


def test_what_came_in_is_decoded_once_and_without_histograms_unless_they_are_asked_for(filled_database: str) -> None:
    with Record.open(filled_database, None) as record:
        documents, row = Documents(record), record.session_row(SWEEP)
        light, whole = documents.of(row), documents.of(row, histograms=True)
        assert documents.of(row) is light and documents.of(row, histograms=True) is whole
    assert all(trial.latency is None for result in light.cases for trial in result.trials)
    assert any(trial.latency is not None for result in whole.cases for trial in result.trials)
    assert [result.rate_per_s for result in light.cases] == [result.rate_per_s for result in whole.cases]


def test_a_session_without_trials_is_decoded_once_as_well(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store, Record.open(None, tmp_path) as record:
        store.add_document(document((case("tcp"), []), id=ID))
        documents, row = Documents(record), record.session_row(ID)
        assert row.trials == 0 and version_of(row) == version_of(row)
        assert documents.of(row) is documents.of(row)


@pytest.mark.parametrize("histograms", [False, True])
def test_a_session_that_runs_is_shown_as_far_as_it_came(tmp_path: Path, histograms: bool) -> None:
    of = case("tcp")
    session = msgspec.structs.replace(document((of, []), id=ID).session, state="running")
    with Store.open(tmp_path) as store, Record.open(None, tmp_path) as record:
        store.begin(session)
        documents = Documents(record)
        for repeat in range(2):
            store.add_trial(ID, of, trial(of, repeat))
            row = record.session_row(ID)
            assert counted(documents.of(row, histograms=histograms)) == repeat + 1
            assert version_of(row) != version_of(row)
