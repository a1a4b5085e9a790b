"""``queuemark list``: what is there, why not, and in which shape for other programs."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from queuemark.cli.list import overview
from queuemark.model.transport import Transport
from queuemark.views.render import text
from tests.examples import transports

from .conftest import Call

KEYS = {"name", "runtime", "available", "reason", "remedy", "summary", "facts", "params"}


def test_the_table_names_every_transport(call: Call) -> None:
    answer = call("list")
    assert (answer.code, answer.err) == (0, "")
    for name in ("tcp", "unix-stream", "pipe", "mq-posix"):
        assert name in answer.out


@pytest.mark.parametrize("width", [80, 100])
def test_the_table_fits_a_terminal(width: int) -> None:
    shown = text(overview(list(transports().values())), width).splitlines()
    assert max(map(len, shown)) <= width
    rows = shown[shown.index("") + 4 : -3]
    assert len(rows) <= 2 * len(transports())


def test_what_is_unavailable_says_why_and_what_to_do(call: Call) -> None:
    assert "absent (fake) is not available: this kernel has no absent; load the module absent" in call("list").out


def test_one_transport_in_full(call: Call) -> None:
    answer = call("list", "tcp")
    assert answer.code == 0
    assert "lossless, ordered, a byte stream" in answer.out
    assert "nodelay" in answer.out
    assert "mq-posix" not in answer.out


def test_an_unknown_transport(call: Call) -> None:
    answer = call("list", "tpc")
    assert (answer.code, answer.err) == (2, "queuemark: unknown transport 'tpc'; did you mean 'tcp'?\n")


def test_json_is_the_contract(call: Call) -> None:
    answer = call("list", "--json", "-")
    assert (answer.code, answer.err) == (0, "")
    assert [set(entry) for entry in answer.json] == [KEYS] * 5
    assert {entry["name"]: entry["available"] for entry in answer.json}["absent"] is False
    assert len(msgspec.json.decode(answer.out, type=list[Transport])) == 5


def test_json_into_a_file(call: Call, tmp_path: Path) -> None:
    answer = call("list", "tcp", "--json", str(tmp_path / "list.json"))
    assert (answer.code, answer.out) == (0, "")
    assert msgspec.json.decode((tmp_path / "list.json").read_bytes())[0]["name"] == "tcp"
    assert [path.name for path in tmp_path.iterdir()] == ["list.json"]


def test_a_missing_runner_is_said_with_a_remedy(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUEMARK_RUNNER", "/nowhere/runner")
    answer = call("list", "--json", "-")
    assert answer.code == 3
    assert answer.json == []
    assert "runner /nowhere/runner: there is no such executable; mend it" in answer.err


@pytest.mark.parametrize("how", ["garbage", "contract-9", "fail"])
def test_a_broken_runner_is_said_with_a_remedy(call: Call, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.setenv("FAKE_LIST", how)
    answer = call("list")
    assert answer.code == 3
    assert len(answer.err.splitlines()) == 2
    assert "QUEUEMARK_RUNNER" in answer.err
