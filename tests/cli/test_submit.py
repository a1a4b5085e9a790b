"""``queuemark submit``: what is shown first, what is sent, and what becomes of it when the site is away."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from queuemark.model.session import decode_session
from queuemark.store import Store
from tests.examples import SESSION_ID
from tests.outbox.sites import Reply, Site, taken
from tests.report.sessions import sweep

from .conftest import Call

Spawn = Callable[..., subprocess.Popen[str]]


@pytest.fixture(autouse=True)
def session(data: Path) -> str:
    """Stored; its id."""
    with Store.open(data) as store:
        store.add_document(sweep())
    return SESSION_ID


def test_what_will_be_sent_is_shown_then_sent_and_the_links_are_kept(call: Call) -> None:
    with Site(taken(SESSION_ID)).open() as site:
        answer = call("submit", "--to", site.address, "--yes")
    assert answer.code == 0
    summary, links = answer.out.split("session 01234567 is at ")
    assert "13 cases, 39 trials" in summary
    assert "no host name, no user name and no path is sent" in summary
    assert f"for everybody: https://site.example/sessions/{SESSION_ID}\n" in links
    assert f"{SESSION_ID}/edit#token=secret" in links
    assert f"{SESSION_ID}/edit#token=secret" in call("submit", "--receipts").out


def test_show_prints_exactly_what_is_sent_and_sends_nothing(call: Call) -> None:
    shown = call("submit", "--show")
    assert shown.code == 0
    with Site(taken(SESSION_ID)).open() as site:
        call("submit", "--to", site.address, "--yes")
    [seen] = site.seen
    assert decode_session(shown.out) == seen.document
    assert shown.json["session"]["plan"]["messages_path"] is None


def test_what_a_person_adds_is_shown_and_sent(call: Call) -> None:
    with Site(taken(SESSION_ID), Reply(200)).open() as site:
        answer = call(
            "submit", "--to", site.address, "--yes", "--host-label", "my box", "--notes", "a\nb", "--cores", "8"
        )
    assert "added by you, host label: my box" in answer.out
    assert "added by you, notes: a / b" in answer.out
    assert site.seen[1].form == {"host_label": ["my box"], "notes": ["a\nb"], "cores": ["8"]}


def test_where_nobody_can_be_asked_nothing_is_sent(spawn: Spawn) -> None:
    with Site(taken(SESSION_ID)).open() as site, spawn("submit", "--to", site.address) as process:
        out, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "13 cases" in out
    assert "nothing was sent" in err
    assert site.seen == []


@pytest.mark.parametrize(("said", "code", "requests"), [(b"y\n", 0, 1), (b"n\n", 130, 0), (b"\n", 130, 0)])
def test_on_a_terminal_the_person_is_asked(spawn: Spawn, said: bytes, code: int, requests: int) -> None:
    ours, theirs = pty.openpty()
    try:
        with Site(taken(SESSION_ID)).open() as site, spawn("submit", "--to", site.address, stdin=theirs) as process:
            os.write(ours, said)
            process.communicate(timeout=30)
        assert process.returncode == code
        assert len(site.seen) == requests
    finally:
        os.close(ours)
        os.close(theirs)


def test_while_the_site_is_away_the_session_waits_and_goes_later(call: Call, data: Path) -> None:
    with Site(Reply(503, b"closed for repairs"), taken(SESSION_ID)).open() as site:
        answer = call("submit", "--to", site.address, "--yes")
        assert answer.code == 1
        assert answer.last_line == (
            f"queuemark: {site.address} answered 503: closed for repairs; the session waits, send it with: "
            "queuemark submit --spooled"
        )
        assert len(list((data / "spool").iterdir())) == 2
        later = call("submit", "--spooled")
    assert later.code == 0
    assert "for you alone" in later.out
    assert len({seen.headers["Queuemark-Token"] for seen in site.seen}) == 1
    assert list((data / "spool").iterdir()) == []
    assert call("submit", "--spooled").out == "no session waits to be sent\n"


def test_what_a_site_will_not_have_is_said_in_its_words_and_does_not_wait(call: Call, data: Path) -> None:
    problem = json.dumps({"title": "Conflict", "detail": "other content under this id"}).encode()
    with Site(Reply(409, problem)).open() as site:
        answer = call("submit", "--to", site.address, "--yes")
        assert answer.code == 1
        assert answer.last_line == f"queuemark: {site.address} answered 409: other content under this id"
        assert call("submit", "--spooled").out == "no session waits to be sent\n"


def test_one_that_is_refused_does_not_keep_the_others(call: Call, data: Path) -> None:
    with Store.open(data) as store:
        store.add_document(sweep("f" * 32))
    with Site(Reply(503)).open() as away:
        call("submit", SESSION_ID, "--to", away.address, "--yes")
        call("submit", "f" * 32, "--to", away.address, "--yes")
        away.replies = [Reply(422, b"no"), taken("f" * 32)]
        answer = call("submit", "--spooled")
    assert answer.code == 1
    assert "session 01234567:" in answer.err
    assert "session ffffffff is at" in answer.out
    assert answer.last_line == "queuemark: 1 of 2 sessions was not sent, see above"


def test_what_a_site_answers_is_no_command_to_a_terminal(call: Call) -> None:
    reply = {"session": SESSION_ID, "view": "\x1b]0;owned\x07", "edit": "\x1b[2J", "created": True}
    with Site(Reply(201, json.dumps(reply).encode())).open() as site:
        answer = call("submit", "--to", site.address, "--yes")
    assert answer.code == 0
    assert "\x1b" not in answer.out + call("submit", "--receipts").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "submit needs a site"),
        (("--to", "example.org"), "is no address"),
        (("--spooled", "--to", "https://a.example"), "leave --to out"),
        (("--receipts", "last"), "leave SESSION out"),
        (("--to", "https://a.example", "--cores", "0"), "cannot be sent"),
        (("--to", "https://a.example", "--notes", "\x07"), "control character"),
    ],
)
def test_what_makes_no_sense_is_told(call: Call, words: tuple[str, ...], said: str) -> None:
    answer = call("submit", *words)
    assert answer.code == 2
    assert said in answer.err
