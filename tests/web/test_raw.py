"""A session's raw data: whole, decodable again, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io

from litestar.testing import TestClient

from queuemark.model.original_xml import read_original
from queuemark.model.session import decode_session
from tests.submissions import sweep
from tests.web.reading import SWEEP, UNPROVED


def test_json_is_the_session_as_it_came(site: TestClient) -> None:
    answer = site.get(f"/sessions/{SWEEP}.json")
    again = decode_session(answer.content)
    assert answer.headers["content-type"].startswith("application/json")
    assert again.session.id == SWEEP
    assert [result.trials for result in again.cases] == [
        result.trials for result in sweep(SWEEP, sizes=(16, 64, 1024)).cases
    ]


def test_csv_has_a_row_for_each_of_what_was_asked(site: TestClient) -> None:
    document = sweep(SWEEP, sizes=(16, 64, 1024))
    trials = [trial for result in document.cases for trial in result.trials]
    counts = {"case": len(document.cases), "trial": len(trials), "consumer": sum(len(t.consumers) for t in trials)}
    for level, count in counts.items():
        rows = list(csv.reader(io.StringIO(site.get(f"/sessions/{SWEEP}.csv?level={level}").text)))
        assert len(rows) == count + 1 and rows[1][0] == SWEEP
    assert site.get(f"/sessions/{SWEEP}.csv?level=message").status_code == 400


def test_hgrm_is_of_one_case(site: TestClient) -> None:
    listed = site.get(f"/api/sessions/{SWEEP}?view=case").json()["listed"]
    key = listed[0]["case"]["key"]
    assert "#[Max     =" in site.get(f"/sessions/{SWEEP}.hgrm?case={key}").text
    assert site.get(f"/sessions/{SWEEP}.hgrm").status_code == 422
    assert site.get(f"/sessions/{UNPROVED}.hgrm").status_code == 422


def test_xml_is_what_the_older_program_writes(site: TestClient) -> None:
    results = read_original(site.get(f"/sessions/{UNPROVED}.xml").content)
    assert len(results.batches[0].runs) == 48
    assert site.get(f"/sessions/{SWEEP}.xml").status_code == 422
