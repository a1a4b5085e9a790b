"""The table claims only what was measured on equal terms."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bench import run
from bench.row import Outcome
from bench.rows import all_rows
from queuemark.model.events import Result
from queuemark.model.trial import ProducerCounts

ROW = "each/pipe-16B-1"

FAKE_RUNNER = """#!{python}
import json, sys
result = json.loads({result!r})
items = int(sys.argv[sys.argv.index("--items") + 1])
result.update(sent=items, delivered=items, bytes_on_wire=items * 16)
result["producer"].update(sent=items, calls=items * {calls_per_message})
print(json.dumps(result))
"""


def _fake_runner(path: Path, state: str = "ok", reason: str | None = None, calls_per_message: int = 1) -> str:
    fields = dict.fromkeys(ProducerCounts.__struct_fields__, 0) | {"cpus": []}
    producer = msgspec.convert(fields, ProducerCounts)
    made = {"contract": 1, "run_id": "fake", "state": state, "reason": reason, "window_ns": 10**7}
    result = msgspec.json.encode(msgspec.convert({"event": "result", **made, "producer": producer}, Result)).decode()
    text = FAKE_RUNNER.format(python=sys.executable, result=result, calls_per_message=calls_per_message)
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def _measured(tmp_path: Path, *options: str) -> tuple[int, dict[str, Any], Outcome]:
    file = tmp_path / "bench.json"
    code = run.main(["--only", ROW, "--pairs", "2", "--trial-s", "0.005", "--json", str(file), *options])
    document = msgspec.json.decode(file.read_bytes())
    (outcome,) = msgspec.convert(document["outcomes"], list[Outcome])
    return code, document, outcome


def test_pairs_alternate_and_every_sample_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QUEUEMARK_RUNNER", _fake_runner(tmp_path / "runner"))
    code, document, outcome = _measured(tmp_path)
    assert (code, outcome.row, outcome.verdict) == (0, ROW, "too few pairs")
    assert [pair["first"] for pair in outcome.samples] == ["ours", "bare"]
    assert document["setting"]["pairs"] == 2
    assert ROW in capsys.readouterr().out


def test_unequal_work_claims_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUEMARK_RUNNER", _fake_runner(tmp_path / "runner", calls_per_message=2))
    code, _, outcome = _measured(tmp_path)
    assert (code, outcome.verdict) == (0, "unequal work")
    assert outcome.note.startswith("calls: ours")


def test_a_trial_that_proved_nothing_is_no_rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUEMARK_RUNNER", _fake_runner(tmp_path / "runner", "failed", "one message was lost"))
    code, _, outcome = _measured(tmp_path)
    assert (code, outcome.verdict, outcome.median) == (1, "failed", None)
    assert outcome.note.endswith("one message was lost")


def test_a_rival_that_is_not_installed_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.run.build", lambda: None)
    monkeypatch.setattr("bench.bare.OUT", tmp_path)
    file = tmp_path / "bench.json"
    assert run.main(["--only", "rings/16B-boost", "--json", str(file)]) == 0
    (outcome,) = msgspec.convert(msgspec.json.decode(file.read_bytes())["outcomes"], list[Outcome])
    assert (outcome.verdict, outcome.median) == ("unavailable", None)
    assert outcome.note.endswith("apt-get install libboost-dev")


def test_a_missing_runner_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUEMARK_RUNNER", str(tmp_path / "nowhere"))
    code, _, outcome = _measured(tmp_path)
    assert (code, outcome.verdict) == (1, "failed")
    assert str(tmp_path / "nowhere") in outcome.note


def test_a_runner_that_breaks_the_contract_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = tmp_path / "runner"
    runner.write_text('#!/bin/sh\necho \'{"event": "result", "contract": 1, "state": "ok", "window_ns": -1}\'\n')
    runner.chmod(0o755)
    monkeypatch.setenv("QUEUEMARK_RUNNER", str(runner))
    code, _, outcome = _measured(tmp_path)
    assert (code, outcome.verdict) == (1, "failed")
    assert outcome.note.startswith(f"{runner} trial pipe")
    assert "broke the runner contract" in outcome.note


def test_the_control_needs_no_runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUEMARK_RUNNER", str(tmp_path / "nowhere"))
    code, _, outcome = _measured(tmp_path, "--control")
    assert (code, outcome.verdict) == (0, "too few pairs")
    assert outcome.commands[0] == outcome.commands[1]


def test_rows_have_names_of_their_own_and_a_goal(capsys: pytest.CaptureFixture[str]) -> None:
    names = [row.name for row in all_rows()]
    assert len(set(names)) == len(names)
    assert run.main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == names


def test_a_pattern_that_names_no_row_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--only", "nothing-like-it"]) == 2
    assert "nothing-like-it" in capsys.readouterr().err
