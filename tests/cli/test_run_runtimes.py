"""Which mechanisms a sweep takes where several runtimes offer some."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from queuemark.runners.registry import VARIABLE
from tests.cli.conftest import Call

RENAMED = {'"fake"': '"other"', '"tcp"': '"other-tcp"', '"pipe"': '"other-pipe"'}


@pytest.fixture
def two_runners(fake_runner: Path, tmp_path: Path, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other"
    source = fake_runner.read_text()
    for name, renamed in RENAMED.items():
        source = source.replace(name, renamed)
    other.write_text(source)
    other.chmod(0o755)
    monkeypatch.setenv(VARIABLE, os.pathsep.join([str(fake_runner), str(other)]))


def swept(call: Call, *words: str) -> set[tuple[str, str]]:
    answer = call("run", *words, "-s", "64", "--items", "10", "--repeats", "1", "--json", "-")
    assert answer.code == 0, answer.err
    return {(case["case"]["transport"], case["case"]["runtime"]) for case in answer.json["cases"]}


@pytest.mark.usefixtures("two_runners")
def test_where_nobody_names_any_those_of_the_first_runner_are_taken(call: Call) -> None:
    found = swept(call)
    assert {runtime for _, runtime in found} == {"fake"}
    assert ("tcp", "fake") in found


@pytest.mark.usefixtures("two_runners")
def test_a_mechanism_is_named_whosever_it_is(call: Call) -> None:
    assert swept(call, "-t", "tcp,other-pipe") == {("tcp", "fake"), ("other-pipe", "other")}
    assert swept(call, "-t", "other:other-pipe") == {("other-pipe", "other")}


@pytest.mark.usefixtures("two_runners")
def test_of_two_with_one_name_the_other_is_named_with_its_runtime(call: Call) -> None:
    both = {("unix-stream", "fake"), ("unix-stream", "other")}
    assert swept(call, "-t", "unix-stream,other:unix-stream") == both
    assert swept(call, "-t", "fake:unix-stream,other:unix-stream") == both
    shown = call("show").out
    assert "  unix-stream (fake)  " in shown
    assert "  unix-stream (other)  " in shown


@pytest.mark.usefixtures("two_runners")
def test_a_runtime_stands_for_all_of_its_mechanisms(call: Call) -> None:
    of_other = swept(call, "--runtime", "other")
    assert {runtime for _, runtime in of_other} == {"other"}
    assert {"other-tcp", "other-pipe", "unix-stream"} <= {name for name, _ in of_other}
    assert {runtime for _, runtime in swept(call, "--runtime", "fake,other")} == {"fake", "other"}
    assert swept(call, "--runtime", "other", "-t", "unix-stream") == {("unix-stream", "other")}


@pytest.mark.usefixtures("two_runners")
def test_an_unknown_runtime_is_named(call: Call) -> None:
    answer = call("run", "--runtime", "othr", "-s", "64")
    assert answer.code == 2
    assert "did you mean 'other'" in answer.last_line


def test_sessions_of_python_hold_what_they_are(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    words = ("-t", "os-pipe,queue", "-c", "2", "--items", "300", "--repeats", "1", "--no-probes", "--json", "-")
    answer = call("run", *words)
    assert answer.code == 0, answer.err
    cases = {case["case"]["transport"]: case for case in answer.json["cases"]}
    assert {case["case"]["runtime"] for case in cases.values()} == {"python"}
    assert cases["os-pipe"]["case"]["workload"]["dispatch"] == "deal"
    assert cases["queue"]["case"]["workload"]["dispatch"] == "compete"
    for case in cases.values():
        assert [trial["delivered"] for trial in case["trials"]] == [300]
