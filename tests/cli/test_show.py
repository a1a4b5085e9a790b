"""``queuemark show`` as it is called from a shell."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from queuemark.store import Store
from tests.examples import SESSION_ID, case, document, session, trial

GOLDEN = str(Path(__file__).parents[1] / "golden" / "session.json")


def show(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = "from queuemark.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, "show", *arguments],
        env={**os.environ, "QUEUEMARK_DATA_DIR": str(directory)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    of = case("tcp", consumers=2)
    with Store.open(tmp_path) as store:
        store.begin(session(of, id="f" * 32, created_at="2026-01-01T00:00:00Z"))
        store.begin(session(of, case("pipe")))
        for repeat in range(3):
            store.add_trial(SESSION_ID, of, trial(of, repeat))
        store.finish(SESSION_ID, "interrupted")
    return tmp_path


def test_the_last_session_is_shown(filled: Path) -> None:
    ended = show(filled)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"session {SESSION_ID[:12]} of 2026-03-01 12:00 (interrupted)" in ended.stdout
    assert "no trial [2]" in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 100


@pytest.mark.parametrize("name", [SESSION_ID, SESSION_ID[:4], "last"])
def test_a_session_is_shown_by_its_names(filled: Path, name: str) -> None:
    assert show(filled, name).stdout == show(filled).stdout


def test_a_file_is_shown_without_any_store(tmp_path: Path) -> None:
    ended = show(tmp_path / "none", GOLDEN)
    assert ended.returncode == 0
    assert "delivery proved in 20 of the 21 trials that ran" in ended.stdout
    assert not (tmp_path / "none").exists()


def test_one_case_is_shown_in_full(filled: Path) -> None:
    ended = show(filled, "--case", "1", "--wide")
    assert ended.returncode == 0
    assert ended.stdout.startswith("Case 1 (")
    assert "Consumers" in ended.stdout


def test_wide_shows_every_column(filled: Path) -> None:
    wide = show(filled, "--wide").stdout
    assert "placement" in wide
    assert max(map(len, wide.splitlines())) > 100


def test_csv_and_markdown(filled: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(show(filled, "--format", "csv").stdout)))
    assert [row["transport"] for row in rows] == ["pipe", "tcp"]
    assert rows[1]["delivered"] == "360000"
    assert "| tcp |" in show(filled, "--format", "markdown").stdout


def test_the_stored_sessions_are_listed(filled: Path) -> None:
    listed = show(filled, "--sessions").stdout
    assert listed.index(SESSION_ID[:12]) < listed.index("ffffffffffff")


def test_m01_a_file_that_calls_itself_proved_is_judged_by_its_counts(tmp_path: Path) -> None:
    of = case("tcp")
    told = msgspec.to_builtins(document((of, [trial(of, delivered=10)])))
    told["cases"][0]["trials"][0]["delivered"] = 5
    forged = tmp_path / "forged.json"
    forged.write_bytes(msgspec.json.encode(told))
    why = "failed: the trial is recorded as ok, which its counts contradict: sent 10 is not delivered 5 + lost 0"
    results, in_full = (" ".join(show(tmp_path, str(forged), *more).stdout.split()) for more in ([], ["--case", "1"]))
    assert "delivery proved in 0 of the 1 trial that ran: 10 sent, 5 delivered" in results
    assert why in results
    assert why in in_full
    (row,) = csv.DictReader(io.StringIO(show(tmp_path, str(forged), "--format", "csv").stdout))
    assert (row["state"], row["rate_per_s"], row["remarks"]) == ("failed", "", why)


def test_a_case_that_was_interrupted_in_its_first_trial(filled: Path) -> None:
    shown = show(filled, "--case", "2")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "no trial: none of this case was finished" in shown.stdout
    assert "no room for" not in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nosuch"], "no stored session has an id that begins with 'nosuch'"),
        (["missing.json"], "cannot read the session file missing.json: No such file or directory"),
        (["--case", "9"], "'9' is no case of this session; name one by its number, 1 to 2"),
        (["--case", "1", "--sessions"], "leave out the session and --case"),
        (["--case", "0"], "'0' is no case of this session; name one by its number, 1 to 2"),
        (["--case", ""], "'' is no case of this session; name one by its number, 1 to 2"),
        ([""], "the session's name is empty; write last, the first digits of an id, or a file"),
        (["--format", "xml"], "'xml' is not one of"),
    ],
)
def test_a_mistake_is_one_line_with_the_remedy(filled: Path, arguments: list[str], said: str) -> None:
    ended = show(filled, *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("queuemark: ")
    assert ended.stderr.count("\n") == 1
    assert said in ended.stderr


@pytest.mark.parametrize("arguments", [[], ["--sessions"], ["abc"]])
def test_nothing_stored_yet_names_the_command_that_measures(tmp_path: Path, arguments: list[str]) -> None:
    ended = show(tmp_path / "none", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "measure with: queuemark run" in ended.stderr
    assert not (tmp_path / "none").exists()


def test_an_unusable_data_directory_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "queuemark.sqlite3").write_text("no database at all, only words\n" * 50)
    ended = show(tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "file is not a database" in ended.stderr


def classic_session(directory: Path) -> Path:
    cases = [case("tcp", size_bytes=size, consumers=count) for size in (1, 2, 4) for count in (1, 2, 4)]
    with Store.open(directory) as store:
        store.begin(session(*cases, repeats=1))
        for of in cases:
            store.add_trial(SESSION_ID, of, trial(of))
        store.finish(SESSION_ID, "complete")
    return directory


def test_the_classical_tables_alone_and_below_the_results(tmp_path: Path) -> None:
    directory = classic_session(tmp_path)
    alone, both, wide = show(directory, "--classic"), show(directory), show(directory, "--wide")
    title = "Messages per s of tcp each, by size and number of consumers"
    assert [ended.returncode for ended in (alone, both, wide)] == [0, 0, 0]
    assert [ended.stdout.count(title) for ended in (alone, both, wide)] == [1, 1, 0]
    assert ["Which mechanism" in ended.stdout for ended in (alone, both, wide)] == [False, True, True]
    assert show(directory, "--format", "csv").stdout.startswith("case,key,")
    assert show(directory, "--classic", "--format", "csv").stdout.startswith("size_bytes,rate_per_s tcp each\n1,")


@pytest.mark.parametrize("arguments", [("--classic",), ("--classic", "--case", "1"), ("--classic", "--sessions")])
def test_what_has_no_classical_tables_says_so(filled: Path, arguments: tuple[str, ...]) -> None:
    ended = show(filled, *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1


def test_a_view_by_its_name_and_its_chart_in_a_file(filled: Path, tmp_path: Path) -> None:
    svg, png = tmp_path / "rates.svg", tmp_path / "rates.PNG"
    assert show(filled, "--view", "rates", "--chart", str(svg)).stdout == show(filled, "--view", "rates").stdout
    assert "Which mechanism moves the most messages?" in svg.read_text()
    assert show(filled, "--chart", str(png)).returncode == 0
    assert png.read_bytes().startswith(b"\x89PNG")


def test_what_is_asked_for_is_shown_and_drawn_and_judged(filled: Path, tmp_path: Path) -> None:
    picture = tmp_path / "rates.json"
    chosen = ("--only", "tcp", "--consumers", "1,2", "--size", "16..64", "--policy", "each", "--pattern", "share")
    ended = show(filled, *chosen, "--chart", str(picture), "--linear", "--assert", "rate>1")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (
        "shown: 1 of 2 cases, numbered by themselves: tcp; 16 B or 32 B or 64 B; to 1 or 2 consumers; each;"
        in ended.stdout
    )
    assert "pipe" not in ended.stdout.partition("parameters where none")[0]
    assert '"type": "linear"' in picture.read_text()
    assert show(filled, "--only", "pipe", "--case", "1").stdout.startswith("Case 1 (")


def test_what_was_offered_and_all_cases_in_full(filled: Path) -> None:
    assert show(filled, "--view", "offered").stdout.startswith("How much was sent, and how much of it arrived?")
    in_full = show(filled, "--view", "case").stdout
    assert ["Case 1 (" in in_full, "Case 2 (" in in_full] == [True, True]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--view", "rate"], "unknown view 'rate'; did you mean 'rates'?"),
        (["--view", "case", "--chart", "a.svg"], "the view case has no chart; those that have one: rates, classic"),
        (["--case", "1", "--chart", "a.svg"], "the view case has no chart"),
        (["--chart", "a.gif"], "a chart is written as .svg, .png, .json"),
        (["--view", "classic", "--chart", "a.svg"], "measure such a grid with: queuemark run classic"),
        (["--classic", "--view", "rates"], "--classic is --view classic"),
        (["--case", "1", "--view", "rates"], "--case shows one case in full"),
        (["--sessions", "--chart", "a.svg"], "--sessions lists all sessions"),
        (["--only", "udp"], "transports: no case has udp; there are tcp, pipe"),
        (["--policy", "eech"], "unknown policy 'eech'; did you mean 'each'?"),
        (["--case", "2", "--only", "tcp"], "'2' is no case of this session"),
        (["--sessions", "--size", "64"], "choose among the cases of a session; leave them or --sessions out"),
        (["--linear"], "--linear is of a chart; add --chart FILE"),
    ],
)
def test_a_view_or_a_chart_that_cannot_be(filled: Path, arguments: list[str], said: str) -> None:
    ended = show(filled, *arguments)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert said in ended.stderr


def test_a_chart_without_a_place_is_refused(filled: Path) -> None:
    ended = show(filled, "--chart", str(filled / "none" / "a.svg"))
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
    assert "there is no directory" in ended.stderr


def test_what_is_demanded_of_a_session_is_judged_below_its_table(filled: Path) -> None:
    ended = show(filled, "--assert", "tcp: rate>1k", "--assert", "rate>1G")
    assert ended.returncode == 10
    assert "Which mechanism" in ended.stdout
    lines = ended.stderr.splitlines()
    assert [line.split(": ", 3)[2] for line in lines[:-1]] == ["rate>1G", "rate>1G"]
    assert "there is no rate: no trial was finished" in ended.stderr
    assert lines[-1] == "queuemark: 2 of 3 demands are unmet, see above"
    assert show(filled, "--assert", "tcp: rate>1k").returncode == 0


@pytest.mark.parametrize("demand", ["rate", "rate>1us", "upd: rate>1", ""])
def test_a_demand_that_makes_no_sense_is_answered_in_one_line(filled: Path, demand: str) -> None:
    ended = show(filled, "--assert", demand)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
