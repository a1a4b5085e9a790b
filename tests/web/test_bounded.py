"""Things are made once, kept while there is room, and forgotten by when they were last wanted."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from queuemark.web.bounded import Bounded


def test_a_thing_is_made_once() -> None:
    kept: Bounded[str, str] = Bounded(10, len)
    made: list[str] = []
    for _ in range(3):
        assert kept.get("a", lambda: made.append("a") or "aaa") == "aaa"
    assert made == ["a"] and kept.find("a") == "aaa" and kept.find("b") is None


def test_what_was_wanted_least_lately_goes_first() -> None:
    kept: Bounded[str, str] = Bounded(10, len)
    for name in ("a", "b"):
        kept.get(name, lambda: "12345")
    kept.get("a", lambda: "never")
    kept.get("c", lambda: "12345")
    assert [kept.find(name) is not None for name in "abc"] == [True, False, True]


def test_what_is_heavier_than_all_room_is_given_and_not_kept() -> None:
    kept: Bounded[str, str] = Bounded(10, len)
    kept.get("a", lambda: "12345")
    assert kept.get("b", lambda: "x" * 11) == "x" * 11
    assert kept.find("b") is None and kept.find("a") == "12345"


def test_who_asks_while_it_is_made_waits_for_it() -> None:
    kept: Bounded[str, str] = Bounded(10, len)
    begun, go_on = Event(), Event()
    got: list[str] = []

    def slow() -> str:
        begun.set()
        assert go_on.wait(20)
        return "once"

    first = Thread(target=lambda: got.append(kept.get("a", slow)))
    first.start()
    assert begun.wait(20)
    second = Thread(target=lambda: got.append(kept.get("a", lambda: "twice")))
    second.start()
    assert kept.find("a") is None
    go_on.set()
    first.join(20)
    second.join(20)
    assert got == ["once", "once"]


def test_a_failure_is_told_and_not_kept() -> None:
    kept: Bounded[str, str] = Bounded(10, len)

    def failing() -> str:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        kept.get("a", failing)
    assert kept.get("a", lambda: "yes") == "yes"
