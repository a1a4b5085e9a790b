"""``queuemark advise`` on what is stored, and on what it measures itself."""

from __future__ import annotations

import pytest

from queuemark.store import Store
from tests.cli.conftest import Call


@pytest.fixture(autouse=True)
def udp(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_LIST", "udp")


def test_what_is_stored_is_looked_at(call: Call) -> None:
    assert call("run", "-t", "udp", "--rate", "2k,9k", "--duration", "500ms", "--repeats", "1").code == 0
    ended = call("advise", "--p99", "50us")
    assert (ended.code, ended.err) == (0, "")
    assert "take udp with each" in ended.out
    assert "looked at 2 cases of 1 session" in ended.out
    with Store.open() as store:
        name = store.find().id[:8]
    assert call("advise", "--p99", "50us", "--session", name).out == ended.out
    ended = call("advise", "--p99", "50us", "--lossless", "--format", "markdown")
    assert "nothing that was measured fits" in ended.out
    assert "- ruled out: 2 cases: udp may lose messages" in ended.out


def test_what_is_not_stored_is_measured_and_kept(call: Call) -> None:
    ended = call("advise", "--across-hosts", "--rate", "5k", "--measure")
    assert ended.code == 0, ended.err
    assert "it delivered 5 k/s of 5 k/s offered" in ended.out
    with Store.open() as store:
        session = store.find()
    assert session.state == "complete"
    assert session.plan.command == f"queuemark run front -t udp -s 64 -c 1 --rate 5000 --seed {session.seed}"
    assert call("advise", "--across-hosts", "--rate", "5k").out == ended.out


def test_what_nothing_promises_is_not_measured(call: Call) -> None:
    ended = call("advise", "--across-hosts", "--lossless", "--measure")
    assert ended.code == 2
    assert "no transport that is available here promises all that" in ended.last_line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--size", "0"], "size '0' must be at least 1"),
        (["--p99", "soon"], "p99 'soon' is not a duration"),
        (["--rate", "much"], "rate 'much' is not a number"),
        (["--measure", "--session", "last"], "leave --session out"),
        (["--session", "nosuch.json"], "nosuch.json"),
        ([], "no session is stored"),
    ],
)
def test_what_cannot_be_advised_is_one_line(call: Call, words: list[str], said: str) -> None:
    ended = call("advise", *words)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.last_line
