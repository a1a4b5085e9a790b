"""Servers that serve many trials: one for each kind and its settings, another when it has ended, none left behind."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from queuemark.brokers import registry
from queuemark.brokers.kept import Kept
from queuemark.brokers.serving import Named
from queuemark.model.transport import ParamValue


class Pretended(Named):
    """Notes that it was ended."""

    ended = False
    told: str | None = None

    def fate(self) -> str | None:
        return self.told

    def __exit__(self, *_: object) -> None:
        self.ended = True


class Pretending:
    """A kind of servers that one parameter decides."""

    name = "pretended"
    settings = frozenset({"persist"})

    def __init__(self) -> None:
        self.started: list[Pretended] = []

    def lack(self) -> None:
        return None

    def start(self, params: Mapping[str, ParamValue] | None = None) -> Pretended:
        self.started.append(Pretended(self.name, f"pretended://{len(self.started)}"))
        return self.started[-1]

    def at(self, url: str) -> Pretended:
        return Pretended(self.name, url)


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Pretending:
    pretending = Pretending()
    monkeypatch.setitem(registry.BROKERS, "pretended", pretending)
    return pretending


def test_a_server_serves_all_that_want_the_same_settings(kind: Pretending) -> None:
    with Kept() as kept:
        first = kept.serve("pretended", {"persist": "none", "depth": 1})
        assert kept.serve("pretended", {"persist": "none", "depth": 2}) is first
        assert kept.serve("pretended", {"persist": "always", "depth": 1}) is not first
        assert not any(server.ended for server in kind.started)
    assert [server.ended for server in kind.started] == [True, True]


def test_one_that_has_ended_is_replaced(kind: Pretending) -> None:
    with Kept() as kept:
        first = kept.serve("pretended", {})
        kind.started[0].told = "was killed by SIGKILL"
        assert kept.serve("pretended", {}) is not first


def test_one_that_is_named_is_used(kind: Pretending) -> None:
    with Kept(registry.Servers({"pretended": "pretended://there"})) as kept:
        assert kept.serve("pretended", {}).url == "pretended://there"
    assert kind.started == []
