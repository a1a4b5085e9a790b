"""The generated pages of the reference say what the program says today."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.docs.pages import ROOT

REFERENCE = ROOT / "docs" / "reference"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", REFERENCE / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATED: dict[str, Callable[[], str]] = generator().PAGES


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_page_is_not_stale(name: str) -> None:
    written = (REFERENCE / name).read_text(encoding="utf-8")
    assert written == GENERATED[name](), "write it anew: python docs/reference/generate.py"


def test_every_command_and_transport_has_its_place() -> None:
    from queuemark.cli.group import COMMANDS

    commands = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"## `queuemark {name}" not in commands] == []
    lines = (ROOT / "native/transports.def").read_text(encoding="utf-8").splitlines()
    names = [line[10:-1].replace("_", "-") for line in lines if line.startswith("TRANSPORT(")]
    transports = (REFERENCE / "transports.md").read_text(encoding="utf-8")
    assert names
    assert [name for name in names if f"## `{name}`" not in transports] == []


def test_the_contract_and_the_native_runner_name_the_same_options() -> None:
    runner = Path(sysconfig.get_path("scripts")) / "queuemark-runner"
    told = subprocess.run([runner, "--help"], capture_output=True, text=True, check=True).stdout
    contract = (REFERENCE / "runner-contract.md").read_text(encoding="utf-8")
    option = re.compile(r"(?<![\w-])--?[a-zA-Z][a-z-]*(?![\w:])")
    documented = {word for line in contract.splitlines() if line.startswith("| `-") for word in option.findall(line)}
    offered = set(option.findall(told)) - {"--version", "--help"}
    assert documented == offered
