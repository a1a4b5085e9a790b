"""docs/how-to/add-a-transport.md does what it says: one file and one line make a transport."""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs" / "how-to" / "add-a-transport.md"
FAULTS = {
    "flip": "1 corrupted",
    "drop": "1 lost",
    "duplicate": "1 duplicated",
    "reorder": "1 reordered",
    "kill-consumer": "was killed by signal 9",
    "stall-consumer": "stalled",
}


def tool(*names: str) -> str:
    places = (sysconfig.get_path("scripts"), None)
    found = next((path for place in places for name in names if (path := shutil.which(name, path=place))), None)
    if found is None:
        pytest.skip(f"building the page's transport needs {names[0]}")
    return found


def shipped() -> list[str]:
    lines = (ROOT / "native/transports.def").read_text().splitlines()
    return [line for line in lines if line.startswith("TRANSPORT(")]


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runner built from a copy of the sources, the page's file and the page's line.

    To be quick it is not optimised, and of the shipped transports it has only the first.
    """
    copy = tmp_path_factory.mktemp("add-a-transport")
    shutil.copytree(ROOT / "native", copy / "native", ignore=shutil.ignore_patterns("tests"))
    for name in ("CMakeLists.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, copy)
    [source] = blocks(PAGE, "cpp")
    [line] = blocks(PAGE, "text")
    (copy / "native/transports/seqpacket.cpp").write_text(source.text)
    lines = copy / "native/transports.def"
    lines.write_text(shipped()[0] + "\n" + line.text)
    settings = {
        "CMAKE_BUILD_TYPE": "Debug",
        "CMAKE_CXX_COMPILER": tool("c++", "g++", "clang++"),
        "CMAKE_MAKE_PROGRAM": tool("ninja"),
    }
    defined = [f"-D{name}={value}" for name, value in settings.items()]
    for step in ([f"-S{copy}", f"-B{copy}/build", "-GNinja", *defined], ["--build", f"{copy}/build", "-j2"]):
        built = subprocess.run([tool("cmake"), *step], capture_output=True, text=True)
        assert built.returncode == 0, built.stdout + built.stderr
    return copy / "build/native/queuemark-runner"


def trial(runner: Path, *options: str) -> tuple[int, dict[str, Any]]:
    command = [runner, "trial", "seqpacket", "--warmup", "0.001", *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return ended.returncode, json.loads(ended.stdout.splitlines()[-1])


@pytest.mark.timeout(600)
def test_it_is_listed_as_its_file_says(runner: Path) -> None:
    listing = json.loads(subprocess.run([runner, "list"], capture_output=True, check=True).stdout)
    transports = {transport["name"]: transport for transport in listing["transports"]}
    assert len(transports) == 2
    assert transports["seqpacket"]["available"], transports["seqpacket"]["reason"]
    assert transports["seqpacket"]["facts"]["boundaries"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("wait", ["block", "spin"])
@pytest.mark.parametrize(("size_bytes", "consumers"), [(1, 1), (64, 4), (4096, 2)])
def test_delivery_is_proved(runner: Path, size_bytes: int, consumers: int, wait: str) -> None:
    options = {"--size": size_bytes, "--consumers": consumers, "--items": 3000, "--wait": wait, "--placement": "free"}
    code, result = trial(runner, *(str(word) for option in options.items() for word in option))
    assert (code, result["state"], result["reason"]) == (0, "ok", None)
    assert result["sent"] == result["delivered"] == result["checked"] == 3000
    assert result["calls"] >= 6000


@pytest.mark.timeout(600)
def test_own_messages_keep_their_boundaries(runner: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("a\nlonger message\nb\n")
    code, result = trial(runner, "--messages", str(own), "--items", "3000")
    assert (code, result["state"]) == (0, "ok")
    assert result["message_bytes"] == 1000 * (1 + 14 + 1) + 3000 * 8


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", FAULTS)
def test_m02_every_fault_is_caught_and_named(runner: Path, fault: str) -> None:
    code, result = trial(runner, "--items", "3000", "--inject", fault, "--stall", "0.5")
    assert (code, result["state"]) == (4, "failed")
    assert FAULTS[fault] in result["reason"]
    assert result["injected"]["fault"] == fault


@pytest.mark.timeout(600)
def test_a_message_that_is_too_large_is_refused(runner: Path) -> None:
    listing = json.loads(subprocess.run([runner, "list"], capture_output=True, check=True).stdout)
    [high] = [each["facts"]["max_size_bytes"] for each in listing["transports"] if each["name"] == "seqpacket"]
    code, result = trial(runner, "--size", str(high), "--items", "10")
    assert (code, result["state"]) == (0, "ok")
    refused = subprocess.run([runner, "trial", "seqpacket", "--size", str(high + 1)], capture_output=True, text=True)
    assert refused.returncode == 2
    assert str(high) in refused.stderr
