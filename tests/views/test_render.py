"""Tables as text, Markdown and CSV."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.views.render import FORMATS, csv_text, markdown, rendered, text
from queuemark.views.table import Cell, Column, Table, without_least


def table(rows: list[list[Cell]] | None = None) -> Table:
    return Table(
        title="Which is which?",
        above=["above " * 30],
        columns=[
            Column(name="name", head="name", align="left", wrap=12),
            Column(name="rate_per_s", head="mes-\nsages", show=lambda value: f"{value:,}"),
            Column(name="fairness", head="fair-\nness", rank=1),
            Column(name="calls", head="calls", rank=2),
        ],
        rows=[["tcp", 1500, 0.5, 7], ["a name that is long", None, None, None]] if rows is None else rows,
        below=["[1] because"],
    )


def grid(shown: str) -> list[str]:
    return shown.split("\n\n")[1].splitlines()


def test_text_lines_up() -> None:
    assert grid(text(table(), None)) == [
        "              mes-  fair-",
        "name         sages   ness  calls",
        "-----------  -----  -----  -----",
        "tcp          1,500    0.5      7",
        "a name that      -      -      -",
        "  is long",
    ]


def test_columns_give_way_by_rank_and_the_table_says_which() -> None:
    assert "no room" not in text(table(), 32)
    narrower = text(table(), 31)
    assert "fair-" in narrower
    assert "no room for calls: --wide shows all" in narrower.replace("\n    ", " ")
    narrowest = text(table(), 5)
    assert "fair" not in grid(narrowest)[0]
    assert "1,500" in narrowest


@given(st.integers(30, 120))
def test_text_is_as_wide_as_asked_at_most(width: int) -> None:
    assert max(map(len, text(table(), width).splitlines())) <= width


def test_a_column_that_must_stay_stays() -> None:
    without = without_least(table())
    assert without is not None
    assert [column.name for column in without.columns] == ["name", "rate_per_s", "fairness"]
    without = without_least(without)
    assert without is not None
    assert without_least(without) is None


def test_a_table_without_rows_is_its_lines_but_keeps_the_heads_of_csv() -> None:
    shown = text(table([]))
    assert "sages" not in shown
    assert shown.endswith("above\n\n[1] because\n")
    assert "|" not in markdown(table([]))
    assert csv_text(table([])) == "name,rate_per_s,fairness,calls\n"


def folding(wrap_low: int = 10) -> Table:
    command = Column(name="command", head="command", align="left", wrap=30, wrap_low=wrap_low)
    columns = [Column(name="name", head="name", align="left"), Column(name="cases", head="cases", rank=1), command]
    return Table(title="T", columns=columns, rows=[["first", 12, "queuemark run -t tcp,pipe -s 16,1024 -c 1,4"]])


@pytest.mark.parametrize(
    ("width", "rows"),
    [
        (60, ["first     12  queuemark run -t tcp,pipe -s", "                16,1024 -c 1,4"]),
        (34, ["first     12  queuemark run -t", "                tcp,pipe -s", "                16,1024 -c 1,4"]),
        (20, ["first  queuemark run", "         -t tcp,pipe", "         -s 16,1024", "         -c 1,4"]),
    ],
)
def test_words_wrap_before_columns_give_way_and_take_what_room_is_left(width: int, rows: list[str]) -> None:
    shown = text(folding(), width).splitlines()
    assert max(map(len, shown)) <= width
    assert shown[4 : 4 + len(rows)] == rows


def test_a_long_list_goes_on_after_a_comma() -> None:
    shown = text(Table(title="T", columns=[Column(name="a", head="a", wrap=10)], rows=[["tcp,pipe,mq-posix"]]), 40)
    assert [line.strip() for line in shown.splitlines()[4:]] == ["tcp,pipe,", "mq-posix"]


def test_csv_holds_the_cells_as_they_are() -> None:
    rows = list(csv.reader(io.StringIO(csv_text(table([['a,"b"', 1500, 0.25, None]])))))
    assert rows == [["name", "rate_per_s", "fairness", "calls"], ['a,"b"', "1500", "0.25", ""]]


@pytest.mark.parametrize("said", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_text_in_csv_is_never_a_formula(said: str) -> None:
    rows = list(csv.reader(io.StringIO(csv_text(table([[said, -1500, -0.25, None]])), newline="")))
    assert rows[1] == [f"'{said}", "-1500", "-0.25", ""]


def test_markdown_is_a_pipe_table() -> None:
    lines = markdown(table([["a|b", 1, None, 2]])).splitlines()
    assert "| name | messages | fairness | calls |" in lines
    assert "| --- | ---: | ---: | ---: |" in lines
    assert "| a\\|b | 1 | - | 2 |" in lines
    assert lines[-1] == "- [1] because"


@given(st.text(max_size=40))
def test_no_control_character_reaches_a_terminal(said: str) -> None:
    shown = text(table([[said, 1, 2, 3]])) + markdown(table([[said, 1, 2, 3]]))
    assert all(character.isprintable() or character == "\n" for character in shown)


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_brings_an_escape_sequence_to_a_terminal(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert "\x1b" not in rendered([table([["a\x1b[31m", 1, 2, 3]])], form, None)


def test_every_format_ends_in_a_newline() -> None:
    for form in FORMATS:
        assert rendered([table(), table()], form, 100).endswith("\n")
