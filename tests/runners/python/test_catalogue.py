"""Which transports there are, and what becomes of one that cannot be had."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec
import pytest

from queuemark.model.transport import Transport
from queuemark.runners.python.catalogue import GROUP, VARIABLE, Catalogue, ours
from queuemark.runners.registry import survey

CLASS = """
from queuemark.runners.python.transport import Transport

class Mine(Transport):
    name = {name!r}
    summary = "made up"
    dispatch = "compete"
    roles = "threads"
    needs = {needs!r}
"""


def written(place: Path, module: str, name: str = "mine", needs: str | None = None) -> Path:
    path = place / f"{module}.py"
    path.write_text(CLASS.format(name=name, needs=needs))
    return path


@pytest.fixture(autouse=True)
def _path_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


def described(environment: dict[str, str]) -> dict[str, Transport]:
    return {transport.name: transport for transport in Catalogue(environment).describe_all()}


def test_ours_are_there_first_and_describe_themselves() -> None:
    found = list(Catalogue({}).describe_all())
    assert [transport.name for transport in found if ours(transport.name)][:2] == ["mp-queue", "mp-simple-queue"]
    assert {transport.runtime for transport in found} == {"python"}
    for transport in found:
        assert transport.available == (transport.reason is None)
        assert transport.available or transport.remedy
        assert transport.facts.lossless
        assert {param.name for param in transport.params} == transport.defaults().keys()


def test_what_needs_a_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("queuemark.runners.python.transport.find_spec", lambda name: None)
    zmq = described({})["pyzmq"]
    assert (zmq.available, zmq.reason) == (False, "the module zmq is not installed")
    assert zmq.remedy == "python -m pip install pyzmq"
    assert described({})["mp-queue"].available


def test_a_class_is_named_by_its_file(tmp_path: Path) -> None:
    found = described({VARIABLE: f"{written(tmp_path, 'named_here')}:Mine"})
    assert found["mine"].summary == "made up"
    assert list(found)[-1] == "mine"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no/such/file.py:Mine", "ModuleNotFoundError"),
        ("json:JSONDecoder", "is not a class of Transport"),
        ("json:NoSuchClass", "AttributeError"),
        ("no-colon", "no-colon"),
        ("LEAVES:Mine", "SystemExit: no more"),
    ],
)
def test_a_class_that_cannot_be_had_is_listed_as_unavailable(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "leaves.py").write_text('raise SystemExit("no more")')
    found = described({VARIABLE: text.replace("LEAVES", str(tmp_path / "leaves.py"))})
    assert found["mp-queue"].available
    [broken] = [transport for name, transport in found.items() if not ours(name)]
    assert not broken.available
    assert reason in f"{broken.name} {broken.reason}"
    assert broken.remedy


def test_a_name_of_ours_is_not_taken(tmp_path: Path) -> None:
    found = described({VARIABLE: f"{written(tmp_path, 'a_thief', name='mp-queue')}:Mine"})
    assert "multiprocessing.Queue" in found["mp-queue"].summary


def test_an_installed_package_brings_its_transports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "brought_along", name="brought")
    written(tmp_path, "called_otherwise", name="itself")
    about = tmp_path / "brought_along-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: brought-along\nVersion: 1\n")
    lines = ("brought = brought_along:Mine", "other = called_otherwise:Mine", "gone = no_such_module_here:Mine")
    (about / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines]) + "\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    found = described({})
    assert found["brought"].available
    assert "calls itself itself" in (found["other"].reason or "")
    assert "no_such_module_here" in (found["gone"].reason or "")


def test_the_survey_asks_for_them(tmp_path: Path) -> None:
    named = {VARIABLE: f"{written(tmp_path, 'surveyed_here')}:Mine"}
    environment = {name: value for name, value in os.environ.items() if name != "QUEUEMARK_RUNNER"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, named[VARIABLE])
        found = survey(environment)
    assert found.by_runtime()["mine", "python"].transport.summary == "made up"
    assert msgspec.json.encode(found.by_runtime()["mp-queue", "python"].transport)
