"""What the pages tell a reader to type works.

Every ```console block is run, line by line that begins with ``$ ``, in the order of its page and in one directory a
page. A comment before a block says otherwise: ``<!-- not run: reason -->``, or ``<!-- exit: 4 -->`` for the code of
the block's last command. A block of another language behind ``<!-- file: NAME -->`` is first written to that file.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, Block, blocks

LANGUAGES = ("console", "toml", "text", "json", "python", "sh")
QUICK_S = 60
PROBED = {"limits", "read-a-result", "own-messages"}
"""The pages whose sessions probe the machine, as a reader's do; on the others that takes more time than it tells."""


def commands(block: Block) -> list[str]:
    """The lines behind ``$ ``, each with those that a backslash continues; the rest is output."""
    found: list[str] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append(line[2:])
        elif found and found[-1].endswith("\\"):
            found[-1] = f"{found[-1][:-1]} {line.strip()}"
    return found


def in_order(page: Path) -> list[Block]:
    every = (block for language in LANGUAGES for block in blocks(page, language))
    return sorted(every, key=lambda block: block.line)


PAGES_THAT_RUN = [
    page
    for page in PAGES
    if any(commands(block) and not block.comment.startswith("not run:") for block in blocks(page, "console"))
]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    scripts = Path(sysconfig.get_path("scripts"))
    places = [str(scripts)]
    if not (scripts / "queuemark").exists():
        # Sources that are used where they lie, without an installation.
        shim = tmp_path / "bin" / "queuemark"
        shim.parent.mkdir()
        shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m queuemark "$@"\n')
        shim.chmod(0o755)
        places.append(str(shim.parent))
    return {
        **os.environ,
        "PATH": os.pathsep.join([*places, os.environ["PATH"]]),
        "QUEUEMARK_DATA_DIR": str(tmp_path / "data"),
        "NO_COLOR": "1",
    }


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", PAGES_THAT_RUN, ids=lambda page: page.stem)
def test_the_commands_of_a_page_work(page: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    place = tmp_path / "reader"
    place.mkdir()
    if page.stem not in PROBED:
        environment["QUEUEMARK_NO_PROBES"] = "1"
    for block in in_order(page):
        kind, _, said = block.comment.partition(": ")
        if kind == "file":
            (place / said).write_text(block.text)
        elif block.language == "console" and kind != "not run":
            run(block, int(said) if kind == "exit" else 0, place, environment)


def run(block: Block, last_code: int, place: Path, environment: dict[str, str]) -> None:
    typed = commands(block)
    for number, command in enumerate(typed, start=1):
        ended = subprocess.run(
            ["bash", "-c", command], cwd=place, env=environment, capture_output=True, text=True, timeout=QUICK_S
        )
        wanted = last_code if number == len(typed) else 0
        told = f"{block.name}: {command}\n{ended.stdout}\n{ended.stderr}"
        assert ended.returncode == wanted, told
        assert "Traceback" not in ended.stderr, told


def test_every_console_block_says_what_to_type() -> None:
    assert [block.name for page in PAGES for block in blocks(page, "console") if not commands(block)] == []


def test_every_exception_has_its_reason() -> None:
    known = re.compile(r"(not run: \S.{8,}|exit: \d+|file: [\w.-]+)", re.DOTALL)
    comments = [block for page in PAGES for language in LANGUAGES for block in blocks(page, language) if block.comment]
    unknown = [block.name for block in comments if not known.fullmatch(block.comment)]
    assert unknown == []
