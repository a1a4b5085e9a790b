"""``queuemark export`` as it is called from a shell."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import zstandard
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from queuemark.model.latency import BUCKETS_HIGH_NS, Latency
from queuemark.model.original_xml import read_original
from queuemark.model.plan import Case
from queuemark.model.session import decode_session, encode_session
from queuemark.store import Store
from queuemark.store.directory import DATABASE_NAME
from queuemark.store.record import Record
from tests.examples import SESSION_ID, case, document, session, trial
from tests.histograms import histogram
from tests.store.recorded import accept, made

GOLDEN = Path(__file__).parents[1] / "golden" / "session.json"


def export(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = "from queuemark.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, "export", *arguments],
        env={**os.environ, "QUEUEMARK_DATA_DIR": str(directory)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    of = case("tcp", consumers=2)
    held = session(of)
    held.plan = msgspec.structs.replace(held.plan, messages_path="/home/ann/mail")
    with Store.open(tmp_path) as store:
        store.begin(held)
        for repeat in range(3):
            store.add_trial(SESSION_ID, of, trial(of, repeat))
        store.finish(SESSION_ID, "complete")
    return tmp_path


def test_a_session_as_json_is_the_document(filled: Path) -> None:
    ended = export(filled)
    assert (ended.returncode, ended.stderr) == (0, "")
    with Store.open(filled) as store:
        assert decode_session(ended.stdout) == store.document(SESSION_ID)
    assert "/home/ann" not in ended.stdout
    median = msgspec.json.decode(ended.stdout)["cases"][0]["rate_per_s"]["median"]
    assert median == 120_000e9 / 201e6


def test_a_session_in_the_originals_form(tmp_path: Path, filled: Path) -> None:
    of = case("tcp", params={"deal_items": 1000, "nodelay": 0}, policy="split", items=1_000_000)
    path = tmp_path / "classic.json"
    path.write_bytes(encode_session(document((of, [trial(of, delivered=1_000_000)]))))
    ended = export(tmp_path, str(path), "--format", "xml")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert read_original(ended.stdout.encode()).batches[0].runs[0].backend == "TCP Socket"
    refused = export(filled, "--format", "xml")
    assert refused.returncode == 2
    assert "measure some with: queuemark run classic" in refused.stderr


def test_an_exported_file_exports_to_itself(tmp_path: Path) -> None:
    first = export(tmp_path, str(GOLDEN), "-o", str(tmp_path / "again.json"))
    assert (first.returncode, first.stdout, first.stderr) == (0, "", "")
    assert msgspec.json.decode((tmp_path / "again.json").read_bytes()) == msgspec.json.decode(GOLDEN.read_bytes())
    assert export(tmp_path, str(tmp_path / "again.json")).stdout == (tmp_path / "again.json").read_text()


@pytest.mark.parametrize(("level", "rows"), [([], 3), (["--level", "case"], 1), (["--level", "consumer"], 6)])
def test_csv_has_a_row_for_each(filled: Path, level: list[str], rows: int) -> None:
    ended = export(filled, "--format", "csv", *level)
    assert ended.returncode == 0
    read = list(csv.DictReader(io.StringIO(ended.stdout)))
    assert len(read) == rows
    assert {row["transport"] for row in read} == {"tcp"}
    assert sum(int(row["delivered"]) for row in read) == 360_000


@pytest.fixture
def timed(tmp_path: Path) -> Path:
    """A file with a case without latencies and two with some."""
    latency = Latency(kind="one-way", every=1, histogram=histogram([1500] * 2000), raw=histogram([1200] * 2000))
    results = [(of, [trial(of, repeat, latency=latency) for repeat in range(2)]) for of in map(at_rate, (1e5, 2e5))]
    path = tmp_path / "timed.json"
    path.write_bytes(encode_session(document((case("pipe"), [trial(case("pipe"))]), *results)))
    return path


def at_rate(rate_per_s: float) -> Case:
    return case("tcp", rate_per_s=rate_per_s)


def test_a_case_as_hgrm_is_of_all_its_trials(timed: Path) -> None:
    ended = export(timed.parent, str(timed), "--format", "hgrm", "--case", "2")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "#[Max     =        1.500, Total count    =         4000]" in ended.stdout
    assert "#[again: queuemark run]" in ended.stdout


def test_a_log_has_the_trials_of_every_case_and_of_each_way_to_count(timed: Path) -> None:
    target = timed.parent / "latency.hlog"
    ended = export(timed.parent, str(timed), "--format", "hdr-log", "-o", str(target))
    assert (ended.returncode, ended.stderr) == (0, "")
    reader = HistogramLogReader(str(target), HdrHistogram(1, BUCKETS_HIGH_NS, 3))
    found = list(iter(reader.get_next_interval_histogram, None))
    assert sorted(each.get_tag() for each in found) == sorted(["case-2", "case-2-sent", "case-3", "case-3-sent"] * 2)
    assert {each.get_tag(): each.get_max_value() for each in found}["case-3-sent"] == 1200
    assert all(each.get_total_count() == 2000 for each in found)


def test_an_hgrm_of_several_cases_asks_which(timed: Path) -> None:
    ended = export(timed.parent, str(timed), "--format", "hgrm")
    assert ended.returncode == 2
    assert "a .hgrm is of one case, and 2 have latencies; name one: --case 2, 3" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--level", "case"], 2, "--level is for --format csv"),
        (["--case", "1"], 2, "--case is for --format hgrm and hdr-log"),
        (["--format", "hgrm", "--level", "case"], 2, "--level is for --format csv; hgrm has no rows"),
        (["--format", "hgrm"], 2, "has no latencies to export; measure some"),
        (["--format", "hdr-log", "--case", "1"], 2, "case 1 has no latencies to export"),
        (["--format", "hgrm", "--case", "7"], 2, "is no case of this session"),
        (["nosuch"], 2, "nosuch"),
        (["-o", "/no/such/place/file.json"], 1, "cannot write /no/such/place/file.json"),
    ],
)
def test_a_mistake_is_one_line_with_the_remedy(filled: Path, arguments: list[str], code: int, said: str) -> None:
    ended = export(filled, *arguments)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert ended.stderr.count("\n") == 1
    assert said in ended.stderr


def test_nothing_stored_yet_names_the_command_that_measures(tmp_path: Path) -> None:
    ended = export(tmp_path / "none")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "measure with: queuemark run" in ended.stderr


def unpacked(path: Path) -> bytes:
    if path.suffix == ".zst":
        return zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read()
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@pytest.mark.parametrize("name", ["all.ndjson", "all.ndjson.gz", "all.ndjson.zst"])
def test_every_session_is_a_line(filled: Path, name: str) -> None:
    other = document((case("pipe"), []), id="f" * 32)
    with Store.open(filled) as store:
        store.add_document(other)
        expected = [store.document(SESSION_ID), other]
    ended = export(filled, "--all", "-o", str(filled / name))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    lines = unpacked(filled / name).splitlines()
    assert [decode_session(line) for line in lines] == expected
    assert b"/home/ann" not in b"".join(lines)


def test_a_file_is_there_whole_or_as_it_was(filled: Path) -> None:
    target = filled / "all.ndjson.gz"
    target.write_text("yesterday's")
    with sqlite3.connect(filled / DATABASE_NAME) as database:
        database.execute("UPDATE trials SET document = '{}'")
    database.close()
    ended = export(filled, "--all", "-o", str(target))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert target.read_text() == "yesterday's"
    assert sorted(path.name for path in filled.iterdir()) == sorted([DATABASE_NAME, target.name])


def test_every_session_of_a_site_is_exported(database_url: str, tmp_path: Path) -> None:
    with Record.open(database_url) as record:
        accept(record, made(1))
    ended = export(tmp_path / "none", "--all", "--database", database_url)
    assert (ended.stderr, decode_session(ended.stdout)) == ("", made(1))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--all", "--format", "csv"], "leave out the session, --format"),
        (["--all", SESSION_ID], "leave out the session"),
        (["--database", "sqlite:///x"], "--database is for --all"),
        (["--all", "--database", "mysql://secret@host/x"], "no database is kept in mysql"),
        (["--all", "--database", "nonsense:secret"], "address cannot be read"),
    ],
)
def test_what_does_not_go_with_all_sessions_is_told(filled: Path, arguments: list[str], said: str) -> None:
    ended = export(filled, *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "secret" not in ended.stderr


def test_nothing_stored_names_the_command_that_fills_it(tmp_path: Path) -> None:
    ended = export(tmp_path / "none", "--all")
    assert (ended.returncode, "queuemark run" in ended.stderr) == (2, True)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("words", [("--format", "csv"), ("--format", "json"), ("--all",)], ids=lambda words: words[-1])
def test_no_control_character_of_a_session_reaches_a_terminal(tmp_path: Path, words: tuple[str, ...]) -> None:
    of = case("tcp")
    hostile = trial(of, state="failed", reason="\x1b]0;title\x07 \x9b31m red")
    with Store.open(tmp_path) as store:
        store.add_document(document((of, [hostile])))
    shown = shown_on_terminal(tmp_path, *words)
    assert "?31m red" in shown
    assert not [line for line in shown.splitlines() if not line.isprintable()]
    piped = export(tmp_path, *words).stdout
    assert "\x9b31m red" in piped


def shown_on_terminal(directory: Path, *arguments: str) -> str:
    """What a terminal gets that is the command's standard output."""
    ours, theirs = os.openpty()
    program = "from queuemark.cli.main import main; main()"
    running = subprocess.Popen(
        [sys.executable, "-c", program, "export", *arguments],
        env={**os.environ, "QUEUEMARK_DATA_DIR": str(directory)},
        stdout=theirs,
    )
    os.close(theirs)
    shown = b""
    # The last of it is an error: there is nobody left to write.
    with contextlib.suppress(OSError):
        while part := os.read(ours, 65_536):
            shown += part
    os.close(ours)
    assert running.wait(60) == 0
    return shown.decode()
