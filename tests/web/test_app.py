"""The site as a whole: what every answer says, whatever was asked."""

from __future__ import annotations

import msgspec
import pytest
from litestar.testing import TestClient

from queuemark.web.app import create_app


def test_health_says_ok(client):
    assert client.get("/health").json()["status"] == "ok"


def test_head_is_answered_as_get_without_a_body(client):
    got, headed = client.get("/"), client.head("/")
    assert headed.status_code == got.status_code == 200
    assert headed.content == b"" and got.content
    assert headed.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize("path", ["/", "/health", "/nothing"])
def test_every_answer_keeps_scripts_frames_and_guesses_out(client, path):
    headers = client.get(path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("text/html,*/*", "text/html"),
        ("application/json", "application/problem+json"),
        ("*/*", "application/problem+json"),
        ("text/plain", "text/plain"),
    ],
)
def test_a_problem_is_written_as_its_reader_can_read_it(client, accept, media_type):
    answer = client.get("/nothing", headers={"accept": accept})
    assert answer.status_code == 404
    assert answer.headers["content-type"].partition(";")[0] == media_type


def test_a_problem_of_the_api_has_one_shape(client):
    problem = client.get("/api/nothing", headers={"accept": "text/html"}).json()
    assert problem["status"] == 404 and problem["title"] == "Not Found"
    assert set(problem) == {"type", "title", "status", "detail", "at"}


def test_a_wrong_method_is_told_which_are_right(client):
    answer = client.post("/health")
    assert answer.status_code == 405
    assert {"GET", "HEAD"} <= set(answer.headers["allow"].split(", "))


def test_another_name_for_loopback_is_not_answered(client):
    assert client.get("/", headers={"host": "rebound.example"}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://elsewhere.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_post_from_another_site_is_refused(client, headers):
    assert client.post("/sessions", headers=headers).status_code == 403


def test_a_known_answer_is_not_sent_again(client):
    etag = client.get("/").headers["etag"]
    answer = client.get("/", headers={"if-none-match": etag})
    assert answer.status_code == 304 and answer.content == b""


@pytest.mark.parametrize("address", ["/sessions/a%00b", "/sessions?transport=%00", "/%00"])
def test_an_address_with_code_0_is_refused(client, address):
    assert client.get(address).status_code == 400


@pytest.mark.parametrize("number", ["-1", "many", "NaN", str(2**63), "9" * 40])
@pytest.mark.parametrize("address", ["/sessions?before=", "/api/sessions?before=", "/advise?consumers="])
def test_a_number_that_cannot_be_is_a_problem(client, address, number):
    answer = client.get(address + number, headers={"accept": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["status"] == answer.status_code


def test_text_is_packed_for_those_who_take_it(client):
    plain = client.get("/submit", headers={"accept-encoding": "identity"})
    packed = client.get("/submit", headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip" and packed.text == plain.text
    assert "content-encoding" not in plain.headers
    assert "accept-encoding" in plain.headers["vary"].lower()
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])


@pytest.mark.parametrize(("accepted", "coding"), [("gzip, zstd", "zstd"), ("zstd;q=0, gzip", "gzip"), ("br", None)])
def test_a_reader_s_choice_of_packing_is_kept(client, accepted, coding):
    head = client.head("/submit", headers={"accept-encoding": accepted})
    assert head.headers.get("content-encoding") == coding


def test_dumps_are_served_and_nothing_beside_them(settings, tmp_path):
    dumps = tmp_path / "dumps"
    dumps.mkdir()
    (dumps / "all.ndjson.zst").write_bytes(b"packed")
    (tmp_path / "secret").write_text("no")
    with TestClient(create_app(msgspec.structs.replace(settings, dumps=dumps)), base_url="http://127.0.0.1") as client:
        assert client.get("/dumps/all.ndjson.zst").content == b"packed"
        assert client.head("/dumps/all.ndjson.zst").headers["content-length"] == "6"
        for path in ("/dumps/secret", "/dumps/../secret", "/dumps/%2e%2e/secret", "/dumps/", "/dumps//etc/passwd"):
            assert client.get(path).status_code == 404, path
        assert client.post("/dumps/all.ndjson.zst").status_code == 405


def test_dumps_are_neither_links_nor_hidden(settings, tmp_path):
    dumps = tmp_path / "dumps"
    (dumps / "2026").mkdir(parents=True)
    (dumps / "2026" / "all.zst").write_bytes(b"packed")
    (dumps / ".all.zst.part").write_bytes(b"half")
    (dumps / ".git").mkdir()
    (dumps / ".git" / "config").write_text("secret")
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "secret").write_text("secret")
    (dumps / "link").symlink_to(tmp_path / "beside" / "secret")
    (dumps / "linked").symlink_to(tmp_path / "beside")
    with TestClient(create_app(msgspec.structs.replace(settings, dumps=dumps)), base_url="http://127.0.0.1") as client:
        answer = client.get("/dumps/2026/all.zst")
        assert answer.content == b"packed" and answer.headers["content-disposition"].startswith("attachment")
        for path in (".all.zst.part", ".git/config", "link", "linked/secret", "2026", "x" * 300):
            assert client.get(f"/dumps/{path}").status_code == 404, path


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", "GET, HEAD, OPTIONS"),
        ("/sessions", "GET, HEAD, OPTIONS, POST"),
        ("/platforms", "GET, HEAD, OPTIONS, POST"),
        ("/sessions/abc/details", "OPTIONS, POST"),
    ],
)
def test_options_names_every_method_that_a_path_allows(client, path, allowed):
    answer = client.options(path)
    assert answer.status_code == 204 and answer.headers["allow"] == allowed
    refused = client.delete(path)
    assert sorted(refused.headers["allow"].split(", ")) == allowed.split(", ")
