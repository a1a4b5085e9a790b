"""The generated pages of the reference and of the mechanisms say what the program says today."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest

from tests.docs.pages import ROOT

REFERENCE = ROOT / "docs" / "reference"
MECHANISMS = ROOT / "docs" / "mechanisms"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", REFERENCE / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATED: dict[Path, str] = generator().pages()


@pytest.mark.parametrize("page", GENERATED, ids=lambda page: page.stem)
def test_a_generated_page_is_not_stale(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == GENERATED[page], "write it anew: python docs/reference/generate.py"


def test_every_command_and_transport_has_its_place() -> None:
    from queuemark.cli.group import COMMANDS

    commands = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"## `queuemark {name}" not in commands] == []
    lines = (ROOT / "native/transports.def").read_text(encoding="utf-8").splitlines()
    names = {line[10:-1].replace("_", "-") for line in lines if line.startswith("TRANSPORT(")}
    assert names
    assert names == {page.stem for page in (MECHANISMS / "native").glob("*.md")}


@pytest.mark.parametrize("page", sorted(MECHANISMS.glob("*/*.md")), ids=lambda page: page.stem)
def test_a_page_says_what_its_mechanism_is_when_to_use_it_and_its_trap(page: Path) -> None:
    assert page in GENERATED, "there is no such transport any more"
    written = page.read_text(encoding="utf-8").partition("<!--")[0]
    parts = re.split(r"^## (.+)$", written, flags=re.MULTILINE)
    assert parts[0].startswith(f"# `{page.stem}`")
    assert parts[1::2] == ["What it is", "When to use it", "The trap"]
    assert all(len(part.split()) >= 5 for part in parts[2::2])


def test_the_contract_and_the_native_runner_name_the_same_options() -> None:
    runner = Path(sysconfig.get_path("scripts")) / "queuemark-runner"
    told = subprocess.run([runner, "--help"], capture_output=True, text=True, check=True).stdout
    contract = (REFERENCE / "runner-contract.md").read_text(encoding="utf-8")
    option = re.compile(r"(?<![\w-])--?[a-zA-Z][a-z-]*(?![\w:])")
    documented = {word for line in contract.splitlines() if line.startswith("| `-") for word in option.findall(line)}
    offered = set(option.findall(told)) - {"--version", "--help"}
    assert documented == offered
