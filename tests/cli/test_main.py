"""The group: what it says first, what it imports, and how it ends when something is wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from queuemark import __version__
from queuemark.cli.group import COMMANDS

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
    assert [name for name in COMMANDS if name not in answer.out] == []


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
    for name in COMMANDS:
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


def in_shell(settings: dict[str, str], redirection: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The command with its streams as a shell redirects them."""
    line = f'exec "$0" -m queuemark "$@" {redirection}'
    command = ["sh", "-c", line, sys.executable, *words]
    return subprocess.run(command, capture_output=True, text=True, env=settings, timeout=60, check=False)


@pytest.mark.parametrize("words", [["--help"], [], ["list"], ["show"], ["run", "-t", "tcp"], ["list", "--json", "-"]])
def test_a_closed_stdout_is_said_before_anything_is_done(
    settings: dict[str, str], data: Path, words: list[str]
) -> None:
    ended = in_shell(settings, ">&-", *words)
    assert ended.returncode == 1
    assert ended.stderr == "queuemark: standard output is closed: there is nowhere to write; > /dev/null drops it\n"
    assert not data.exists()


def test_a_closed_stderr_is_done_without(settings: dict[str, str]) -> None:
    ended = in_shell(settings, "2>&-", "list")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "tcp" in ended.stdout
    wrong = in_shell(settings, "2>&-", "list", "nosuch")
    assert (wrong.returncode, wrong.stdout) == (2, "")


def test_no_file_takes_the_place_of_a_closed_stream(settings: dict[str, str]) -> None:
    words = ("run", "-t", "tcp", "--items", "100", "--repeats", "1")
    assert in_shell(settings, "<&- 2>&-", *words).returncode == 0
    assert in_shell(settings, "", "show").returncode == 0


@pytest.mark.parametrize("words", [["--help"], ["list"], ["list", "--json", "-"]])
def test_a_full_stdout_is_named(settings: dict[str, str], words: list[str]) -> None:
    ended = in_shell(settings, "> /dev/full", *words)
    assert ended.returncode == 1
    assert ended.stderr.startswith("queuemark: cannot write to standard output: No space left on device; ")
    assert ended.stderr.count("\n") == 1


def test_a_full_stderr_leaves_the_code(settings: dict[str, str]) -> None:
    ended = in_shell(settings, "2> /dev/full", "list", "nosuch")
    assert (ended.returncode, ended.stdout) == (2, "")


def test_ctrl_c_while_importing_is_one_line(settings: dict[str, str], tmp_path: Path) -> None:
    slow = tmp_path / "rich_click.py"
    slow.write_text("import time\nprint('importing', flush=True)\ntime.sleep(30)\n")
    command = [sys.executable, "-c", "import sys; from queuemark.cli.main import main; main(['list'])"]
    environment = {**settings, "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "importing\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "queuemark: interrupted\n")


def test_an_ignored_ctrl_c_stays_ignored(settings: dict[str, str]) -> None:
    program = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from queuemark.cli.main import main\n"
        "try:\n    main(['--version'])\n"
        "finally:\n    print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=settings)
    assert ended.stdout.endswith("True\n")
