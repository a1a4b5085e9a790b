"""``queuemark conform``: a runner by its path, a transport by its name; broken promises end with exit code 4."""

from __future__ import annotations

from pathlib import Path

import pytest

from queuemark.runners.registry import VARIABLE
from tests.cli.conftest import Call


def test_a_transport_of_ours_is_named(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    answer = call("conform", "os-pipe", "--brief")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("os-pipe (python)\n")
    assert "broken" not in answer.out
    assert "4 of 4 promises kept" in answer.out


def test_a_runner_that_only_pretends_is_found_out(call: Call, fake_runner: Path) -> None:
    answer = call("conform", str(fake_runner), "-t", "pipe", "--brief", "--json", "-")
    assert answer.code == 4
    assert {finding["transport"] for finding in answer.json} == {"pipe"}
    broken = {finding["promise"]: finding["words"] for finding in answer.json if finding["state"] == "broken"}
    assert "a message above the largest is refused, and the largest is named" in broken
    assert all(broken.values())
    assert "promises are broken: pipe" in answer.last_line


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["no-such-transport"], 2, "neither the path of a runner nor a transport"),
        (["./no/such/runner"], 2, "there is no runner no/such/runner; name an executable"),
        (["/"], 2, "/ is a directory; name the executable in it"),
        ([__file__], 2, "is not executable; try: chmod +x"),
        (["/bin/true"], 3, "did not print a listing"),
        (["FAKE", "-t", "tpc"], 2, "did you mean 'tcp'"),
        (["FAKE", "-t", "absent"], 3, "nothing was tried"),
        ([], 2, "conform --help"),
    ],
)
def test_what_cannot_be_tried_is_said(call: Call, fake_runner: Path, words: list[str], code: int, said: str) -> None:
    answer = call("conform", *(str(fake_runner) if word == "FAKE" else word for word in words))
    assert answer.code == code
    assert said in answer.err
    assert len(answer.err.splitlines()) == 1
