"""Tables on pages: cut where they are long, without columns that say nothing, with what went wrong in sight."""

from __future__ import annotations

from queuemark.views.numbers import as_count
from queuemark.views.table import Column, Table
from queuemark.web.data.table import TableData

COLUMNS = [
    Column(name="case", head="#"),
    Column(name="name", head="trans-\nport", align="left"),
    Column(name="rate_per_s", head="messages\nper s", show=as_count),
    Column(name="lost", head="lost"),
    Column(name="state", head="state", align="left"),
]


def data(*states: str, rows_high: int | None = 200) -> TableData:
    rows = [[place, "tcp", 1500.0 * place, None, state] for place, state in enumerate(states, 1)]
    return TableData.of(Table(title="T", columns=COLUMNS, rows=rows, below=["again"]), rows_high)


def test_cells_are_values_for_programs_and_texts_for_readers() -> None:
    told = data("ok")
    assert told.rows == [[1, "tcp", 1500.0, None, "ok"]]
    assert told.texts == [["1", "tcp", "1.5 k", "-", "ok"]]
    assert [column.title for column in told.columns] == ["#", "transport", "messages per s", "lost", "state"]


def test_a_long_table_says_how_much_is_left_out() -> None:
    cut = data("ok", "ok", "ok", rows_high=2)
    assert len(cut.rows) == len(cut.texts) == 2 and cut.left_out == 1
    assert data("ok", "ok", "ok", rows_high=None).left_out == 0


def test_readers_see_no_column_in_which_nothing_stands() -> None:
    shown = data("ok").readable()
    assert [column.name for column in shown.columns] == ["case", "name", "rate_per_s", "state"]
    assert shown.texts() == [["1", "tcp", "1.5 k", "ok"]]


def test_what_did_not_end_well_stands_beside_the_names() -> None:
    shown = data("ok", "failed [1]").readable()
    assert [column.name for column in shown.columns] == ["case", "name", "state", "rate_per_s"]
