"""``queuemark report``: each kind of document, what is refused, and what ``run`` leaves behind."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from queuemark.model.session import SessionDocument, encode_session
from queuemark.store import Store, load
from tests.report.sessions import sweep

from .conftest import Call

SMALL = ("run", "-t", "tcp,pipe", "--items", "100", "--repeats", "2", "--seed", "7")


@pytest.fixture
def session(data: Path) -> str:
    """Stored; its id."""
    with Store.open(data) as store:
        store.add_document(sweep())
    return sweep().session.id


def test_without_a_place_it_lies_beside_the_sessions(call: Call, data: Path, session: str) -> None:
    answer = call("report", "--no-interactive")
    path = data / "reports" / f"{session}.html"
    assert (answer.code, answer.out) == (0, f"report: {path}\n")
    assert path.read_text().startswith("<!doctype html>")
    assert path.stat().st_size < 600_000


def test_html_holds_what_makes_its_pictures_answer(call: Call, data: Path, session: str, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    assert call("report", session[:6], "-o", str(target)).code == 0
    assert "vegaEmbed" in target.read_text()
    assert len(list((data / "cache").glob("vega-*.js"))) == 1


def test_what_draws_begins_before_the_sessions_are_read(
    call: Call, session: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    running: list[list[str]] = []

    def reading(name: str) -> SessionDocument:
        running.extend(child.cmdline() for child in psutil.Process().children())
        return load(name)

    monkeypatch.setattr("queuemark.store.load", reading)
    assert call("report", "-o", str(tmp_path / "r.html"), "--no-interactive").code == 0
    assert any("queuemark.report.drawing" in words for words in running)


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_markdown_has_its_pictures_beside_it(call: Call, session: str, tmp_path: Path, kind: str) -> None:
    target = tmp_path / "my report.md"
    assert call("report", "-o", str(target), "--pictures", kind).code == 0
    text = target.read_text()
    drawn = sorted(path.name for path in (tmp_path / "my report-pictures").iterdir())
    assert f"01234567-rates.{kind}" in drawn
    assert all(f"(my%20report-pictures/{name})" in text for name in drawn)


def test_markdown_without_pictures_needs_no_extra(
    call: Call, session: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacks(monkeypatch, "altair", "vl_convert", "jinja2")
    assert call("report", "-o", str(tmp_path / "r.md"), "--pictures", "none").code == 0
    assert call("report", "-o", str(tmp_path / "r.csv")).code == 0
    answer = call("report")
    assert answer.code == 1
    assert answer.last_line == (
        "queuemark: cannot write a report: altair is not installed here; install it: pip install 'queuemark[report]'"
    )


def test_csv_has_a_row_for_what_is_asked(call: Call, session: str, tmp_path: Path) -> None:
    for level, rows in (("case", 13), ("trial", 39)):
        assert call("report", "-o", str(tmp_path / "r.csv"), "--level", level).code == 0
        assert len((tmp_path / "r.csv").read_text().splitlines()) == 1 + rows


def test_a_directory_gets_the_pictures_alone(call: Call, session: str, tmp_path: Path) -> None:
    assert call("report", "-o", f"{tmp_path}/new/pictures/", "--pictures", "png").code == 0
    made = list((tmp_path / "new" / "pictures").iterdir())
    assert len(made) >= 2
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in made)


def test_sessions_from_files_stand_in_one_report(call: Call, tmp_path: Path) -> None:
    names = []
    for digit in "ab":
        path = tmp_path / f"{digit}.json"
        path.write_bytes(encode_session(sweep(digit * 32)))
        names.append(str(path))
    target = tmp_path / "both.html"
    assert call("report", *names, "-o", str(target), "--no-interactive").code == 0
    text = target.read_text()
    assert "Session aaaaaaaa" in text
    assert "Session bbbbbbbb" in text
    assert call("report", names[0], names[0], "-o", str(target)).code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "r.txt"), "is written as .html, .md, .csv"),
        (("-o", "r.html", "--pictures", "svg"), "--pictures is for Markdown"),
        (("--pictures", "svg"), "--pictures is for Markdown"),
        (("-o", "r.html", "--level", "case"), "--level is for CSV"),
        (("-o", "r.csv", "--no-interactive"), "--no-interactive is for HTML"),
        (("-o", "pictures/", "--pictures", "none"), "leaves nothing to write"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_is_written(
    call: Call, session: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = call("report", *words)
    assert answer.code == 2
    assert said in answer.err
    assert not [path for path in tmp_path.iterdir() if path.suffix in (".html", ".txt", ".csv")]


def test_a_place_that_is_not_there_is_told(call: Call, session: str, tmp_path: Path) -> None:
    answer = call("report", "-o", str(tmp_path / "no" / "r.html"))
    assert answer.code == 1
    assert "there is no directory" in answer.err
    (tmp_path / "file").write_text("")
    answer = call("report", "-o", f"{tmp_path}/file/pictures/")
    assert answer.code == 1
    assert "cannot write into" in answer.err


def test_run_leaves_a_report_and_says_where_to_look(call: Call, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUEUEMARK_NO_REPORT")
    answer = call(*SMALL)
    assert answer.code == 0
    report, site = answer.out.splitlines()[-2:]
    [path] = (data / "reports").iterdir()
    assert report == f"report: {path}"
    assert site == f"on the site: http://127.0.0.1:8000/sessions/{path.stem}, once it runs: queuemark serve"
    assert path.stem in path.read_text()


@pytest.mark.parametrize("more", [("--no-report",), ("--json", "-")])
def test_run_leaves_none_where_nobody_wants_one(
    call: Call, data: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    monkeypatch.delenv("QUEUEMARK_NO_REPORT")
    answer = call(*SMALL, *more)
    assert answer.code == 0
    assert "report" not in answer.out.splitlines()[-1]
    assert not (data / "reports").exists()
    assert "--no-report" not in Store.open(data).find().plan.command


def test_a_report_that_fails_costs_a_line_and_no_exit_code(
    call: Call, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QUEUEMARK_NO_REPORT")
    data.mkdir()
    (data / "reports").write_text("in the way")
    answer = call(*SMALL)
    assert answer.code == 0
    assert "queuemark: no report was written: cannot use the data directory" in answer.err


def test_without_the_extra_run_says_how_to_get_reports(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUEUEMARK_NO_REPORT")
    lacks(monkeypatch, "jinja2")
    answer = call(*SMALL)
    assert answer.code == 0
    assert answer.out.splitlines()[-1] == "no report, jinja2 is not installed here: pip install 'queuemark[report]'"


def lacks(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """As if these were not installed."""
    real = builtins.__import__

    def importing(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] in names:
            raise ModuleNotFoundError(name=name)
        return real(name, *rest, **more)

    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(builtins, "__import__", importing)
    monkeypatch.setattr("queuemark.cli.report.find_spec", lambda name: None if name in names else name)
