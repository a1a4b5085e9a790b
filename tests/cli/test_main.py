"""The group: what it says first, what it imports, and how it ends when something is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from queuemark import __version__
from queuemark.cli import main as main_module

from .conftest import Call

HEAVY = ("sqlalchemy", "alembic", "numpy", "scipy", "psutil")


def test_bare_it_says_what_to_do_first(call: Call) -> None:
    answer = call()
    assert (answer.code, answer.err) == (0, "")
    assert len(answer.out.splitlines()) <= 10
    assert "queuemark run" in answer.out


def test_help_lists_every_command(call: Call) -> None:
    answer = call("--help")
    assert answer.code == 0
    assert [name for name in main_module.COMMANDS if name not in answer.out] == []


def test_the_version(call: Call) -> None:
    assert call("--version").out == f"queuemark {__version__}\n"


@pytest.mark.parametrize("words", [["--help"], [], ["--version"], ["run", "--help"], ["list", "--help"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys\n"
        "from queuemark.cli.main import main\n"
        "try:\n"
        f"    main({words!r})\n"
        "except SystemExit as end:\n"
        f"    print(end.code, sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stderr == "0 []\n"


def test_every_command_is_there(call: Call) -> None:
    for name in main_module.COMMANDS:
        assert call(name, "--help").code == 0


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["rnu"], "unknown command 'rnu'; did you mean 'run'?"),
        (["--jsno"], "No such option '--jsno'"),
        (["run", "--sizs", "1"], "see: queuemark run --help"),
        (["run", "quick", "extra"], "unexpected extra argument"),
        (["run", "-s"], "requires an argument"),
    ],
)
def test_a_wrong_word_is_one_line(call: Call, words: list[str], named: str) -> None:
    answer = call(*words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("queuemark: ")
    assert answer.err.count("\n") == 1
    assert named in answer.err


def test_an_internal_error_is_one_line(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division by\nzero")

    monkeypatch.setattr("queuemark.cli.list.survey", broken)
    answer = call("list")
    assert answer.code == 1
    assert answer.err.count("\n") == 1
    assert "ZeroDivisionError: division by zero" in answer.err


def test_debug_shows_where_it_came_from(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUEMARK_DEBUG", "1")
    answer = call("list", "nosuch")
    assert answer.code == 2
    assert "Traceback" in answer.err
    assert answer.last_line.startswith("queuemark: unknown transport 'nosuch'")


def test_ctrl_c_is_quiet(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("queuemark.cli.list.survey", interrupted)
    answer = call("list")
    assert (answer.code, answer.err.strip()) == (130, "queuemark: interrupted")


@pytest.mark.parametrize("words", [["list"], ["list", "--json", "-"], ["--help"]])
def test_a_reader_that_leaves_is_no_error(spawn: Callable[..., subprocess.Popen[str]], words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with spawn(*words, stdout=writing) as process:
        os.close(writing)
        assert process.stderr is not None
        assert process.stderr.read() == ""
