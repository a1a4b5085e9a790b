"""What the original program tells its users to send, by the very line that it prints."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from queuemark.model.original import session_id_of
from tests.model.test_original_xml import BOMBS
from tests.originals import UHASH, original_file, posted, run_line, sweep
from tests.serving import TOKEN, serving

ID = session_id_of(UHASH)
XML = {"content-type": "application/xml", "accept": "text/plain"}
JSON = {"content-type": "application/xml", "accept": "application/json"}


def post(client, body=None, **headers):
    return client.post("/platforms", content=original_file() if body is None else body, headers={**XML, **headers})


def test_the_line_that_it_prints_works(tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    file = tmp_path / f"{UHASH[:8]}.xml"
    file.write_bytes(original_file(sweep([2**n for n in range(13)], [2**n for n in range(6)])))
    with serving(tmp_path / "site") as site:
        line = [curl, "--header", "Content-type: application/xml", "--header", "Accept: text/plain"]
        line += ["--silent", "--show-error", "--noproxy", "*", "--data", f"@{file}", f"{site.url}/platforms"]
        said = [subprocess.run(line, capture_output=True, timeout=60, check=True).stdout.decode() for _ in range(2)]
        assert f"{site.url}/sessions/{ID}\n" in said[0]
        assert f"{site.url}/sessions/{ID}/edit#token=" in said[0]
        assert said[1] == "queuemark: a batch of this uhash is already in the record; each is taken once\n"
        page = site.client.get(f"/sessions/{ID}", headers={"accept": "text/html"})
        assert page.status_code == 200 and "not proved" in page.text
        picture = site.client.get(f"/sessions/{ID}/pictures/rates.svg")
        assert picture.status_code == 200 and "not proved" in picture.text


def test_it_is_a_session_of_its_platform(client):
    assert post(client).status_code == 201
    record = client.app.state.record
    row = record.session_row(ID)
    assert (row.source, row.state, row.disputed, row.cases, row.trials) == ("queueable", "complete", None, 36, 36)
    assert (row.platform.system, row.platform.release, row.platform.architecture) == (
        "Linux",
        "3.2.0-4-amd64",
        "x86_64",
    )
    assert row.platform.version == "#1 SMP Debian 3.2.15-1"
    assert row.received_at is not None
    assert all(result.trials[0].rate_per_s and not result.trials[0].proved for result in record.document(ID).cases)


def test_ends_of_lines_make_no_difference(client):
    assert post(client, posted(original_file())).status_code == 201
    assert post(client).status_code == 409


def test_equal_platforms_are_one(client):
    for number, uhash in enumerate(("one", "two", "three")):
        assert post(client, original_file([run_line("TCP Socket", msg_size=2**number)], uhash=uhash)).status_code == 201
    post(client, original_file(uhash="four", version="#2 SMP"))
    record = client.app.state.record
    assert sorted(row.sessions for row in record.platforms(10)) == [1, 3]


def test_a_program_is_answered_in_json(client):
    answer = client.post("/platforms", content=original_file(), headers={**JSON, "queuemark-token": TOKEN})
    told = answer.json()
    assert (answer.status_code, told["session"], told["created"], told["disputed"]) == (201, ID, True, [])
    assert told["edit"] == f"{told['view']}/edit#token={TOKEN}"
    assert client.post(f"/sessions/{ID}/details", json={"host_label": "old box"}, headers={"queuemark-token": TOKEN})
    assert client.app.state.record.details(ID).host_label == "old box"


def test_several_batches_are_several_sessions_or_none(client):
    batch = original_file().partition(b"<batch>")[2].partition(b"</batch>")[0]
    two = original_file().replace(b"</batch>", b"</batch><batch>" + batch.replace(UHASH.encode(), b"two") + b"</batch>")
    answer = client.post("/platforms", content=two, headers=JSON)
    assert [told["session"] for told in answer.json()] == [ID, session_id_of("two")]
    three = two.replace(UHASH.encode(), b"three")
    assert post(client, three).status_code == 409
    assert client.app.state.record.totals().sessions == 2


def test_of_a_file_that_is_refused_nothing_is_kept(client):
    """Or its private links would have been told to nobody."""
    run = run_line("TCP Socket").encode()
    second = b"<batch><uhash>two</uhash><runs_attributes>" + run * 201 + b"</runs_attributes></batch>"
    both = original_file().replace(b"</batch>", b"</batch>" + second)
    assert post(client, both).status_code == 422
    assert client.app.state.record.totals().sessions == 0
    assert post(client).status_code == 201


def test_a_batch_that_was_withdrawn_does_not_come_back(client):
    client.post("/platforms", content=original_file(), headers={**JSON, "queuemark-token": TOKEN})
    client.app.state.record.withdraw(ID, TOKEN)
    assert post(client).status_code == 410


def test_its_password_is_told_to_nobody(client):
    post(client)
    for path in (f"/sessions/{ID}", f"/sessions/{ID}.json", f"/sessions/{ID}.xml", f"/sessions/{ID}.csv", "/sessions"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert UHASH not in answer.text


@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_one_line(client, name):
    answer = post(client, BOMBS[name])
    assert 400 <= answer.status_code < 500
    assert answer.text.startswith("queuemark: ") and answer.text.count("\n") == 1 and len(answer.text) < 500
    assert client.app.state.record.totals().sessions == 0


@pytest.mark.parametrize("seconds", ["-1", "NaN", "Infinity", "1e9", "99999999999"])
def test_a_number_that_cannot_be_is_refused_with_its_place(client, seconds):
    answer = client.post("/platforms", content=original_file([run_line("TCP Socket", seconds=seconds)]), headers=JSON)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["at"] == "/platform/batches_attributes/batch[1]/runs_attributes/run[1]/seconds"


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("text/xml", 201),
        ("application/xml; charset=UTF-8", 201),
        ("Application/XML", 201),
        ("application/xml; charset=utf-16", 415),
        ("application/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("text/plain", 415),
    ],
)
def test_what_the_body_says_of_itself_counts(client, media_type, status):
    assert post(client, **{"content-type": media_type}).status_code == status


def test_what_cannot_have_been_is_kept_and_disputed(client):
    runs = [run_line("TCP Socket", msg_size=size, seconds="0.001") for size in (1, 2)]
    answer = client.post("/platforms", content=original_file(runs), headers=JSON)
    assert answer.status_code == 201
    assert answer.json()["disputed"] == ["faster than any cpu: case 1, repeat 0: 1e+09 messages/s (and 1 more)"]
    assert client.app.state.record.session_row(ID).disputed is not None
