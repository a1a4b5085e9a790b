"""Where runners are found, and what is said of those that are missing or broken."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from queuemark.model.transport import Listing
from queuemark.runners.registry import NATIVE_NAME, VARIABLE, Trouble, ask, survey


def broken(runner: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> Trouble:
    monkeypatch.setenv("FAKE_LIST", how)
    trouble = ask((str(runner),), timeout_s=0.5)
    assert isinstance(trouble, Trouble)
    assert trouble.remedy
    return trouble


def test_the_variable_names_runners(fake_runner: Path) -> None:
    found = survey({VARIABLE: str(fake_runner)})
    assert found.troubles == []
    assert list(found.transports()) == ["tcp", "unix-stream", "pipe", "mq-posix", "absent"]
    assert found.by_runtime()["tcp", "fake"].command == (str(fake_runner),)


def test_an_unavailable_transport_is_listed(fake_runner: Path) -> None:
    absent = survey({VARIABLE: str(fake_runner)}).transports()["absent"]
    assert not absent.available
    assert absent.reason == "this kernel has no absent"
    assert absent.remedy


def test_a_missing_runner_takes_nothing_from_the_others(fake_runner: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    found = survey({VARIABLE: os.pathsep.join([str(gone), str(fake_runner)])})
    assert len(found.offers) == 5
    assert [trouble.runner for trouble in found.troubles] == [str(gone)]
    assert "no such executable" in str(found.troubles[0])


def test_one_name_may_have_two_runtimes(fake_runner: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text(fake_runner.read_text().replace('"fake"', '"other"'))
    other.chmod(0o755)
    found = survey({VARIABLE: os.pathsep.join([str(fake_runner), str(other)])})
    assert found.by_runtime()["tcp", "other"].command == (str(other),)
    assert found.transports()["tcp"].runtime == "fake"
    assert found.transports()["other:tcp"].runtime == "other"
    assert "other:tcp" not in found.transports(["other"])


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ("garbage", "did not print a listing"),
        ("contract-9", "speaks runner contract 9"),
        ("fail", "ended with 127: libfoo.so"),
        ("hang", "did not end within 0.5 s"),
    ],
)
def test_a_broken_runner_is_said(fake_runner: Path, monkeypatch: pytest.MonkeyPatch, how: str, named: str) -> None:
    assert named in broken(fake_runner, how, monkeypatch).reason


@pytest.mark.parametrize("stream", ["", ">&2"])
def test_a_runner_that_talks_without_end_is_cut_off(tmp_path: Path, stream: str) -> None:
    talker = tmp_path / "talker"
    talker.write_text(f"#!/bin/sh\nyes {stream}\n")
    talker.chmod(0o755)
    trouble = ask((str(talker),))
    assert isinstance(trouble, Trouble)
    assert "wrote more than 4194304 bytes and was killed" in trouble.reason


def test_a_file_that_cannot_run_is_said(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("no program")
    trouble = ask((str(plain),))
    assert isinstance(trouble, Trouble)
    assert "cannot be started: Permission denied" in trouble.reason


def test_the_native_runner_is_looked_for_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path / "scripts"))
    missing = survey({"PATH": str(tmp_path)})
    assert NATIVE_NAME in missing.troubles[0].runner
    assert "make run" in missing.troubles[0].remedy
    (tmp_path / NATIVE_NAME).write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / NATIVE_NAME).chmod(0o755)
    assert survey({"PATH": str(tmp_path)}).troubles[0].reason.endswith("ended with 1")


def test_a_listing_is_of_the_contract(fake_runner: Path) -> None:
    listing = ask((str(fake_runner),))
    assert isinstance(listing, Listing)
    assert listing.contract == 1


def test_a_limit_is_named_and_not_the_runner(fake_runner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("subprocess.Popen", refuse)
    trouble = ask((str(fake_runner),))
    assert isinstance(trouble, Trouble)
    assert trouble.reason == "it cannot be started: Too many open files"
    assert trouble.remedy == "raise the limit of open files (ulimit -n)"
