"""``queuemark claims``: measured here by the native runner, or judged from what is stored."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from queuemark.analysis.claims import CLAIMS
from queuemark.cli.claims import DURATION, REPEATS, cases_of
from queuemark.cli.prepare import Request, prepare
from queuemark.model.link import parse_link
from queuemark.model.plan import case_key
from queuemark.runners.registry import NATIVE_NAME, survey
from tests.measure.links import made

from .conftest import Call


@pytest.fixture
def native(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUEUEMARK_RUNNER")
    found = survey()
    if found.troubles:
        pytest.skip(f"{NATIVE_NAME} is missing: {found.troubles[0].reason}")


def test_a_claim_is_measured_stored_and_judged_again(native: None, call: Call, tmp_path: Path) -> None:
    picture = tmp_path / "claims.svg"
    answer = call("claims", "--only", "3", "--quick", "--seed", "7", "--chart", str(picture))
    assert answer.code == 0, answer.err
    assert "Who was right in the old argument?" in answer.out
    assert "again: queuemark claims --quick --only 3 --seed 7" in answer.out
    assert "3. Two million system calls a second are possible" in picture.read_text()
    stored = call("claims", "--session", "last", "--only", "3", "--json", "-")
    (claim,) = stored.json["claims"]
    assert stored.json["session"]
    assert claim["number"] == 3
    assert claim["verdict"] in ("holds", "does not hold", "depends", "not decided")
    assert len([part for part in claim["parts"] if part["label"].endswith(", send")]) >= 5
    assert "session" in call("show").out


def test_what_is_computed_needs_no_runner_and_no_store(call: Call, data: Path) -> None:
    answer = call("claims", "--only", "5", "--json", "-")
    assert answer.code == 0
    assert "nothing is measured: no runner here offers anything that the claims are about" in answer.err
    assert answer.json["session"] is None
    assert answer.json["claims"][0]["verdict"] == "depends"
    assert not data.exists()


def test_a_link_is_measured_where_it_can_be_made(native: None, call: Call) -> None:
    with made(parse_link("100M")):
        pass
    answer = call("claims", "--only", "5", "--quick", "--json", "-")
    assert answer.code == 0, answer.err
    (claim,) = answer.json["claims"]
    names = [part["label"] for part in claim["parts"] if "namespaces" in part["label"]]
    assert names == ["100 Mb/s between two namespaces, udp", "100 Mb/s between two namespaces, tcp"]


def test_where_no_link_can_be_made_the_arithmetic_is_told_nevertheless(
    native: None, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = tmp_path / "bin" / "unshare"
    refusing.parent.mkdir()
    refusing.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{refusing.parent}{os.pathsep}{os.environ['PATH']}")
    answer = call("claims", "--only", "5", "--quick", "--json", "-")
    assert answer.code == 0, answer.err
    (claim,) = answer.json["claims"]
    assert (claim["verdict"], len(claim["parts"])) == ("depends", 4)
    assert "nothing was measured of udp and tcp: no network namespace can be made here" in claim["remarks"][-1]


def test_part_by_part_and_as_csv(call: Call) -> None:
    assert "Part by part" in call("claims", "--only", "5", "--wide").out
    assert call("claims", "--only", "5", "--format", "csv").out.startswith("claim,part,ratio,ratio_low,ratio_high,")


def test_a_runner_that_has_nothing_of_it_is_told(call: Call) -> None:
    answer = call("claims", "--only", "11")
    assert answer.code == 3
    assert "no runner here offers anything that the claims are about" in answer.last_line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--only", "12"), "--only '12': '12' is no claim; there are 1, 2, 3"),
        (("--only", ""), "--only '': '' is no claim"),
        (("--session", "last", "--quick"), "--session measures nothing; leave out --quick and --seed"),
        (("--chart", "a.gif"), "a chart is written as .svg, .png, .json"),
        (("--seed", "x"), "seed 'x' is not a whole number"),
        (("--session", "nosuch"), "no session"),
    ],
)
def test_a_mistake_is_one_line(call: Call, words: tuple[str, ...], said: str) -> None:
    answer = call("claims", *words)
    assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert said in answer.err


@pytest.mark.parametrize("hurried", [False, True])
def test_m27_the_command_of_a_claim_makes_the_cases_that_are_run_for_it(
    native: None, call: Call, tmp_path: Path, hurried: bool
) -> None:
    known = survey().transports()
    printed = tmp_path / "plan.toml"
    for asking in (asking for claim in CLAIMS.values() for asking in claim.askings(hurried)):
        words = shlex.split(asking.command(DURATION, REPEATS))[1:]
        answer = call(*words, "--print-plan")
        assert answer.code == 0, answer.err
        printed.write_text(answer.out)
        typed = prepare(Request(name=str(printed)), known).plan
        assert {case_key(case) for case in typed.cases} == {case_key(case) for case in cases_of(asking, known)}
        assert typed.repeats == REPEATS
