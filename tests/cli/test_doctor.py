"""``queuemark doctor``, and ``run --strict``, which asks whether results may be trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from queuemark.analysis import disturbance
from queuemark.model.finding import VERDICTS
from queuemark.model.session import decode_session
from tests.cli.conftest import Call

RUN = ("run", "-t", "tcp", "--items", "1000", "--repeats", "3")


def test_findings_are_printed_and_never_fail(call: Call) -> None:
    told = call("doctor")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("What makes results noisy or limited?\n")
    for name in ("governor", "steal", "mq depth", "io_uring", "hardware counters", "clock source"):
        assert f"\n{name} " in told.out


def test_findings_as_json_have_everything(call: Call) -> None:
    told = call("doctor", "--json", "-")
    assert told.code == 0
    assert told.json["machine"]["system"] == "Linux"
    for finding in told.json["findings"]:
        assert finding["verdict"] in VERDICTS
        assert finding["name"] and finding["found"] and finding["effect"]
        assert (finding["remedy"] is None) == (finding["verdict"] == "good")


def test_what_was_found_is_stored_with_the_session(call: Call, tmp_path: Path) -> None:
    assert call("doctor", "last").code == 2
    assert call(*RUN).code == 0
    stored = decode_session(call("export").out)
    names = [finding["name"] for finding in call("doctor", "--json", "-").json["findings"]]
    assert sorted(finding.name for finding in stored.session.findings) == sorted(names)
    assert all(trial.conditions is not None for result in stored.cases for trial in result.trials)
    told = call("doctor", "last")
    assert told.code == 0
    assert f"as session {stored.session.id[:12]} began" in told.out


def test_a_file_that_cannot_be_written_is_told_first(call: Call, tmp_path: Path) -> None:
    told = call("doctor", "--json", str(tmp_path))
    assert (told.code, told.out) == (1, "")
    assert "is a directory" in told.last_line


def test_strict_ends_with_5_where_a_case_is_too_noisy(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disturbance, "WITHIN_HIGH", -1.0)
    told = call(*RUN, "--strict")
    assert told.code == 5
    assert "too noisy: 1 of 1 case, the widest tcp" in told.last_line
    assert "queuemark doctor" in told.last_line
    assert "messages" in told.out
    assert "--strict" not in told.out
    assert call(*RUN).code == 0


def test_strict_is_content_with_steady_results(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disturbance, "WITHIN_HIGH", 1000.0)
    assert call(*RUN, "--strict").code == 0


def test_strict_needs_an_interval(call: Call) -> None:
    told = call("run", "-t", "tcp", "--repeats", "2", "--strict")
    assert told.code == 2
    assert "--repeats 3" in told.last_line
    assert call("run", "--strict", "--print-plan").code == 2
