"""How many lines a picture has: the ones that stand out, and a word on the others."""

from __future__ import annotations

from queuemark.views.lines import LINES_HIGH, standing_out

Row = tuple[str, float]


def rows(count: int) -> list[Row]:
    return [(f"line {place}", float(place * step)) for place in range(count) for step in (1, 2)]


def test_few_lines_are_all_drawn_and_nothing_is_said() -> None:
    found = standing_out(rows(LINES_HIGH), lambda row: row[0], lambda row: row[1])
    assert (found.drawn, found.held, found.texts()) == (LINES_HIGH, LINES_HIGH, [])
    assert found.rows == rows(LINES_HIGH)


def test_of_many_the_highest_stay_in_their_order() -> None:
    found = standing_out(rows(15), lambda row: row[0], lambda row: row[1])
    assert [row[0] for row in found.rows[::2]] == [f"line {place}" for place in range(3, 15)]
    assert found.texts() == ["drawn: 12 of 15, the highest"]


def test_no_rows_no_lines() -> None:
    empty: list[Row] = []
    found = standing_out(empty, lambda row: row[0], lambda row: row[1])
    assert (found.rows, found.drawn, found.texts()) == ([], 0, [])
