"""One try to hand a session over: what is sent, and what each answer of a site means."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from queuemark.model.details import Details
from queuemark.model.errors import UsageError
from queuemark.outbox.parcel import Outbox, Parcel
from queuemark.outbox.post import Refused, Unreachable, post, site_address
from tests.examples import SESSION_ID, case, document, trial
from tests.outbox.sites import CUT, Reply, Site, taken


def parcel(tmp_path: Path, site: str, details: Details | None = None) -> Parcel:
    of = case()
    return Outbox(tmp_path).add(document((of, [trial(of)])), site, details or Details())


def test_a_session_goes_out_packed_and_with_its_token(tmp_path: Path) -> None:
    with Site(taken(SESSION_ID)).open() as site:
        made = parcel(tmp_path, site.address)
        answer = post(made)
    [seen] = site.seen
    assert seen.path == "/sessions"
    assert seen.headers["Queuemark-Token"] == made.label.token
    assert seen.headers["Accept"] == "application/json"
    assert seen.headers["Content-Encoding"] == "zstd"
    assert seen.document.session.id == SESSION_ID
    assert answer.view == f"https://site.example/sessions/{SESSION_ID}"
    assert answer.edit == f"https://site.example/sessions/{SESSION_ID}/edit#token=secret"


def test_details_follow_with_the_same_token(tmp_path: Path) -> None:
    with Site(taken(SESSION_ID), Reply(200, b"{}")).open() as site:
        made = parcel(tmp_path, site.address, Details(host_label="a & b", notes="one\ntwo", cores=4))
        post(made)
    _, seen = site.seen
    assert seen.path == f"/sessions/{SESSION_ID}/details"
    assert seen.headers["Queuemark-Token"] == made.label.token
    assert seen.form == {"host_label": ["a & b"], "notes": ["one\ntwo"], "cores": ["4"]}


@pytest.mark.parametrize("code", [500, 502, 503, 429])
def test_what_may_pass_is_unreachable(tmp_path: Path, code: int) -> None:
    with Site(Reply(code, b"busy\n")).open() as site, pytest.raises(Unreachable, match=f"answered {code}: busy"):
        post(parcel(tmp_path, site.address))


def test_when_a_site_wants_to_be_asked_again_is_bounded(tmp_path: Path) -> None:
    for text, after_s in (("7", 7.0), ("86400", 60.0), ("tomorrow", 0.0)):
        with (
            Site(Reply(429, b"", {"Retry-After": text})).open() as site,
            pytest.raises(Unreachable) as caught,
        ):
            post(parcel(tmp_path, site.address))
        assert caught.value.after_s == after_s


@pytest.mark.parametrize("code", [400, 403, 409, 413, 422])
def test_what_will_not_pass_is_refused_in_the_sites_words(tmp_path: Path, code: int) -> None:
    problem = b'{"type":"about:blank","title":"No","status":422,"detail":"unknown field \\u001b[31m`x`"}'
    with (
        Site(Reply(code, problem, {"Content-Type": "application/problem+json"})).open() as site,
        pytest.raises(Refused, match=rf"answered {code}: unknown field \[31m`x`$"),
    ):
        post(parcel(tmp_path, site.address))


def test_no_answer_is_unreachable(tmp_path: Path) -> None:
    with Site(CUT).open() as site, pytest.raises(Unreachable, match="cannot reach http://127"):
        post(parcel(tmp_path, site.address))


def test_nobody_there_is_unreachable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken_port:
        port = taken_port.getsockname()[1]
    with pytest.raises(Unreachable, match="Connection refused"):
        post(parcel(tmp_path, f"http://127.0.0.1:{port}"))


def test_a_site_that_never_answers_is_not_waited_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unreachable, match="no answer in time"):
            post(parcel(tmp_path, address), timeout_s=0.6)


def test_a_token_is_never_sent_on_to_another_place(tmp_path: Path) -> None:
    with Site(taken(SESSION_ID)).open() as other:
        for code in (301, 302, 303, 307, 308):
            moved = Reply(code, b"", {"Location": f"{other.address}/sessions"})
            with Site(moved).open() as site, pytest.raises(Refused, match="not followed"):
                post(parcel(tmp_path, site.address))
    assert other.seen == []


def test_what_is_no_site_of_this_kind_is_refused(tmp_path: Path) -> None:
    with Site(Reply(200, b"<html>")).open() as site, pytest.raises(Refused, match="no queuemark site"):
        post(parcel(tmp_path, site.address))


def test_an_address_is_kept_in_one_form() -> None:
    assert site_address("https://Example.org/queuemark/") == "https://example.org/queuemark"
    assert site_address("http://[::1]:8000/sessions") == "http://[::1]:8000"


@pytest.mark.parametrize("text", ["example.org", "ftp://example.org", "file:///etc/passwd", "https://", "http://a:b"])
def test_what_is_no_address_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="is no address"):
        site_address(text)


@pytest.mark.parametrize(
    "text", ["https://me:secret@example.org", "https://example.org/?a=1", "https://example.org/#a"]
)
def test_an_address_holds_nothing_else(text: str) -> None:
    with pytest.raises(UsageError, match="more than a site's address"):
        site_address(text)
