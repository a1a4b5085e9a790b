"""Bars of characters: as long as their numbers, only where there is room, and in what the terminal can show."""

from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.views.bars import bar_text, with_bars
from queuemark.views.numbers import as_count
from queuemark.views.render import csv_text, markdown, text
from queuemark.views.table import Cell, Column, Table


def table(*rates: Cell) -> Table:
    columns = [
        Column(name="name", head="name", align="left"),
        Column(name="rate", head="rate", show=as_count, bar=True),
    ]
    return Table(title="Which?", columns=columns, rows=[[f"case {place}", rate] for place, rate in enumerate(rates)])


@pytest.mark.parametrize(
    ("share", "blocks", "plain"),
    [(1.0, "█" * 8, "#" * 8), (0.5, "████", "####"), (0.55, "████▍", "####"), (1e-6, "▏", "#"), (0.0, "", "")],
)
def test_a_bar_is_as_long_as_its_share(share: float, blocks: str, plain: str) -> None:
    assert (bar_text(share, True), bar_text(share, False)) == (blocks, plain)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_longer_bar_is_a_higher_number(one: float, other: float) -> None:
    low, high = sorted((one, other))
    for blocks in (True, False):
        assert len(bar_text(low, blocks)) <= len(bar_text(high, blocks)) <= 8


def test_what_has_no_number_has_no_bar() -> None:
    assert [row[2] for row in with_bars(table(100.0, None, "failed", 50.0), False).rows] == ["########", "", "", "####"]
    assert with_bars(table(None), True) == table(None)
    assert with_bars(table(0), True) == table(0)


def test_only_text_has_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert "████████" in text(table(100.0))
    assert "█" not in markdown(table(100.0)) + csv_text(table(100.0))
    assert "rate_bar" not in csv_text(table(100.0))


def test_a_terminal_without_blocks_has_other_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert "########" in text(table(100.0))
    assert text(table(100.0)).isascii()


def test_where_there_is_no_room_bars_go_without_a_word() -> None:
    told = text(table(100.0), 20)
    assert "█" not in told and "#" not in told
    assert "no room" not in told
