"""Sessions as they are posted: taken once and whole, or refused with the place."""

from __future__ import annotations

import gzip
import json

import msgspec
import pytest
import zstandard
from litestar.testing import TestClient

from queuemark.model.session import decode_session
from queuemark.store import Store
from queuemark.web.app import create_app
from queuemark.web.settings import Settings
from tests.serving import TOKEN
from tests.submissions import encoded, golden, renamed, sweep

ID = "ab" * 16
BODY = encoded(renamed(golden(), ID))
JSON = {"accept": "application/json"}
OWNED = {**JSON, "queuemark-token": TOKEN}


def post(client, body=BODY, **headers):
    return client.post("/sessions", content=body, headers={**JSON, **headers})


def changed(**fields) -> bytes:
    document = json.loads(BODY)
    document["session"] |= fields
    return json.dumps(document).encode()


def test_a_session_comes_in_and_is_the_same_in_the_record(client):
    answer = post(client)
    assert answer.status_code == 201
    assert answer.json()["session"] == ID and answer.json()["created"]
    assert answer.json()["view"] == answer.headers["location"] == f"http://127.0.0.1/sessions/{ID}"
    kept = client.app.state.record.document(ID)
    assert msgspec.to_builtins(kept) == msgspec.to_builtins(decode_session(BODY))


def test_links_are_of_the_site_as_readers_reach_it(settings):
    told = msgspec.structs.replace(settings, base_url="https://results.example.org")
    with TestClient(create_app(told), base_url="http://127.0.0.1") as client:
        assert post(client).json()["view"] == f"https://results.example.org/sessions/{ID}"
        assert client.get("/health", headers={"host": "results.example.org"}).status_code == 200


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_body_may_be_packed(client, coding):
    packed = gzip.compress(BODY) if coding == "gzip" else zstandard.compress(BODY)
    assert post(client, packed, **{"content-encoding": coding}).status_code == 201


def test_a_terminal_is_told_both_links_in_words(client):
    answer = client.post("/sessions", content=BODY, headers={"accept": "text/plain"})
    assert answer.status_code == 201 and answer.headers["content-type"].startswith("text/plain")
    assert f"http://127.0.0.1/sessions/{ID}\n" in answer.text
    assert f"http://127.0.0.1/sessions/{ID}/edit#token=" in answer.text


def test_the_same_session_again_has_the_same_answer_for_its_owner(client):
    first, again = (client.post("/sessions", content=BODY, headers=OWNED).json() for _ in range(2))
    assert first["created"] and not again["created"]
    assert {**first, "created": False} == again
    assert client.app.state.record.totals().sessions == 1


def test_the_same_session_from_somebody_else_has_no_private_link(client):
    client.post("/sessions", content=BODY, headers=OWNED)
    answer = post(client)
    assert answer.status_code == 201 and answer.json()["edit"] is None
    assert "given to whoever brought it first" in client.post("/sessions", content=BODY).text


def test_the_same_session_spaced_otherwise_is_the_same(client):
    post(client)
    answer = post(client, json.dumps(json.loads(BODY), indent=2).encode())
    assert answer.status_code == 201 and not answer.json()["created"]


def test_a_session_that_was_measured_here_is_there_already(tmp_path):
    with Store.open(tmp_path) as store:
        store.add_document(decode_session(BODY))
    with TestClient(create_app(Settings(directory=tmp_path)), base_url="http://127.0.0.1") as client:
        answer = post(client)
        assert answer.status_code == 201 and not answer.json()["created"] and answer.json()["edit"] is None


def test_another_session_under_a_known_id_is_refused(client):
    post(client)
    answer = post(client, changed(seed=golden().session.seed + 1))
    assert answer.status_code == 409
    assert client.app.state.record.document(ID).session.seed == golden().session.seed


def test_an_unknown_field_is_refused_with_its_place(client):
    answer = post(client, changed(host="mine"))
    assert answer.status_code == 422
    assert answer.json()["at"] == "$.session" and "host" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[]", 422),
        (b"null", 422),
        (b"[" * 1_000_000, 422),
        (b'{"schema":' + b"[" * 1_000_000, 422),
        (b'{"a":' * 300_000, 422),
        (BODY.replace(b'"seed":', b'"seed":NaN,"x":', 1), 400),
        (BODY.replace(b'"seed":', b'"seed":1e400,"x":', 1), 422),
        (changed(seed=-1), 422),
        (changed(seed=2**80), 422),
        (changed(id="../../etc/passwd"), 422),
        (changed(created_at="yesterday"), 422),
        (changed(state="running"), 422),
    ],
)
def test_what_is_no_session_is_refused(client, body, status):
    answer = post(client, body)
    assert answer.status_code == status, answer.text
    assert answer.json()["status"] == status
    assert client.app.state.record.totals().sessions == 0


def test_a_session_that_holds_a_repeat_twice_is_refused(client):
    document = json.loads(BODY)
    document["cases"][0]["trials"] *= 2
    assert post(client, json.dumps(document).encode()).status_code == 422


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, zstd"])
def test_an_unknown_coding_is_refused(client, coding):
    assert post(client, **{"content-encoding": coding}).status_code == 415


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_broken_coding_is_refused(client, coding):
    packed = gzip.compress(BODY) if coding == "gzip" else zstandard.compress(BODY)
    for broken in (packed[:-1], packed[: len(packed) // 2], packed + b"x", BODY, b""):
        assert post(client, broken, **{"content-encoding": coding}).status_code == 400


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_what_grows_beyond_its_bound_is_refused(client, coding):
    bomb = gzip.compress(bytes(80 << 20)) if coding == "gzip" else zstandard.compress(bytes(80 << 20))
    assert post(client, bomb, **{"content-encoding": coding}).status_code == 413


@pytest.mark.parametrize("token", ["", "short", "x" * 129, "#" * 40, "a b" * 20])
def test_a_token_that_could_be_guessed_or_is_no_word_is_refused(client, token):
    assert post(client, **{"queuemark-token": token}).status_code == 422


def test_where_messages_lay_is_not_kept(client):
    document = json.loads(BODY)
    document["session"]["plan"]["messages_path"] = "/home/somebody/mails"
    assert post(client, json.dumps(document).encode()).status_code == 201
    assert client.app.state.record.document(ID).session.plan.messages_path is None


def test_a_session_of_hundreds_of_cases_comes_in(client):
    document = sweep(ID, repeats=3)
    answer = post(client, zstandard.compress(encoded(document)), **{"content-encoding": "zstd"})
    assert answer.status_code == 201
    assert client.app.state.record.session_row(ID).cases == len(document.cases)
