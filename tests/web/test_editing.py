"""What only the holder of a session's token may do, and what everybody else is told."""

from __future__ import annotations

import gzip
import json
from urllib.parse import urlencode

import pytest

from queuemark.model.details import Details
from tests.serving import TOKEN
from tests.submissions import encoded, golden, renamed

ID = "cd" * 16
UNKNOWN = "ef" * 16
SAID = {"host_label": "rack 4", "processor": "EPYC", "cores": 8, "notes": "two\nlines"}


@pytest.fixture
def client(client):
    headers = {"accept": "application/json", "queuemark-token": TOKEN}
    assert client.post("/sessions", content=encoded(renamed(golden(), ID)), headers=headers).status_code == 201
    return client


def details(client) -> Details | None:
    return client.app.state.record.details(ID)


def test_details_are_kept_by_the_header(client):
    answer = client.post(f"/sessions/{ID}/details", json=SAID, headers={"queuemark-token": TOKEN})
    assert answer.status_code == 200
    assert details(client) == Details(**SAID)


def test_details_are_kept_by_a_form_which_then_shows_the_session(client):
    form = {**SAID, "token": TOKEN, "cores": "", "notes": "two\r\nlines"}
    answer = client.post(f"/sessions/{ID}/details", data=form, headers={"accept": "text/html"}, follow_redirects=False)
    assert answer.status_code == 303 and answer.headers["location"] == f"http://127.0.0.1/sessions/{ID}"
    assert details(client) == Details(**{**SAID, "cores": None})


@pytest.mark.parametrize(
    "said",
    [
        {"cores": 0},
        {"cores": "many"},
        {"host_label": "x" * 81},
        {"notes": "a\0b"},
        {"processor": "a\nb"},
        {"owner": "me"},
        {"notes": ["a"]},
    ],
)
def test_details_that_cannot_be_are_refused(client, said):
    answer = client.post(
        f"/sessions/{ID}/details", json=said, headers={"queuemark-token": TOKEN, "accept": "application/json"}
    )
    assert answer.status_code == 422, answer.text
    assert details(client) is None


@pytest.mark.parametrize("body", [b"[]", b"{", b'"x"', b"\xff", b'{"a":' * 10_000])
def test_a_body_that_is_no_object_is_refused(client, body):
    answer = client.post(f"/sessions/{ID}/details", content=body, headers={"queuemark-token": TOKEN})
    assert answer.status_code == 400


@pytest.mark.parametrize("verb", ["details", "withdraw"])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize(("size", "status"), [(64 * 1024, 200), (64 * 1024 + 1, 413)])
def test_what_is_longer_than_anybody_says_is_refused_before_it_is_read(client, verb, coding, size, status):
    said = json.dumps({"host_label": "rack 4"}).encode().ljust(size)
    headers = {"accept": "application/json", "queuemark-token": TOKEN, "content-encoding": coding}
    content = gzip.compress(said) if coding == "gzip" else said
    answer = client.post(f"/sessions/{ID}/{verb}", content=content, headers=headers)
    assert answer.status_code == status, answer.text
    if status == 413:
        assert answer.json()["status"] == 413 and "64 KiB" in answer.json()["detail"]


def test_the_longest_notes_are_kept_however_they_are_written(client):
    said = {**SAID, "notes": "\N{RACING CAR}" * 4000}
    for content, media_type in (
        (json.dumps(said).encode(), "application/json"),
        (urlencode(said).encode(), "application/x-www-form-urlencoded"),
    ):
        headers = {"queuemark-token": TOKEN, "content-type": media_type}
        assert client.post(f"/sessions/{ID}/details", content=content, headers=headers).status_code == 200
        assert details(client) == Details(**said)


def test_a_form_of_too_many_fields_is_refused(client):
    form = urlencode([("a", "b")] * 1000)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post(f"/sessions/{ID}/details", content=form, headers=headers).status_code == 400


@pytest.mark.parametrize("verb", ["details", "withdraw"])
@pytest.mark.parametrize("token", [None, "", "x" * 40, TOKEN[:-1], TOKEN.upper(), "é" * 40])
def test_a_foreign_token_is_told_what_an_unknown_session_is(client, verb, token):
    headers = {"accept": "application/json"} | ({} if token is None else {"queuemark-token": token.encode()})
    foreign, unknown = (client.post(f"/sessions/{each}/{verb}", json={}, headers=headers) for each in (ID, UNKNOWN))
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.text.replace(ID, UNKNOWN) == unknown.text
    assert details(client) is None


def test_a_withdrawn_session_leaves_a_tombstone(client):
    headers = {"queuemark-token": TOKEN, "accept": "application/json"}
    assert client.post(f"/sessions/{ID}/withdraw", headers=headers).status_code == 200
    assert client.post(f"/sessions/{ID}/details", json=SAID, headers=headers).status_code == 410
    again = client.post("/sessions", content=encoded(renamed(golden(), ID)), headers=headers)
    assert again.status_code == 410 and again.json()["title"] == "Gone"
