"""Rates over sizes and consumers as cells: a panel a mechanism, and nothing where nothing was measured."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument
from queuemark.views.classic_chart import classic_chart
from queuemark.views.heat_chart import heat_chart
from queuemark.views.picture import svg_text
from queuemark.views.registry import VIEWS
from tests.examples import case, document
from tests.views.test_charts import grid, three


def test_a_cell_is_a_case_with_its_median() -> None:
    held = grid()
    spec = heat_chart(held)
    (cells,) = spec["datasets"].values()
    assert len(cells) == 12
    estimate = held.cases[0].rate_per_s
    assert estimate is not None
    assert cells[0] == {"series": "tcp each", "size": "16 B", "consumers": 1, "rate_per_s": estimate.median}
    assert spec["usermeta"]["drawn"] == 2


def test_what_has_no_rate_is_counted_and_has_no_cell() -> None:
    held = [case("tcp", size_bytes=size, consumers=count) for size in (16, 64) for count in (1, 4)]
    results = [three(of) for of in held[:3]] + [three(held[3], state="failed", reason="lost")]
    spec = heat_chart(with_estimates(document(*results)))
    (cells,) = spec["datasets"].values()
    assert len(cells) == 3
    assert any(line.startswith("not drawn: 1 case") for line in spec["title"]["subtitle"])


@pytest.mark.parametrize("scale", ["log", "linear"])
def test_rates_are_written_in_the_cells(scale: str) -> None:
    assert scale in str(heat_chart(grid(), scale="linear" if scale == "linear" else "log"))
    drawn = svg_text(heat_chart(grid(), scale="linear" if scale == "linear" else "log"))
    assert drawn.count(">590k<") + drawn.count(">600k<") >= 12


def test_its_tables_are_those_of_each_mechanism() -> None:
    tables = VIEWS["heat"].tables(grid())
    assert [table.title for table in tables] == [
        f"Messages per s of {name} each, by size and number of consumers" for name in ("tcp", "pipe")
    ]
    assert tables[-1].below[-1] == "again: queuemark run"


def test_no_grid_no_heat() -> None:
    with pytest.raises(UsageError, match="queuemark run classic"):
        heat_chart(with_estimates(document(three(case("tcp")))))


@pytest.mark.parametrize("chart", [heat_chart, classic_chart])
def test_a_grid_without_any_rate_has_tables_and_no_picture(chart: Callable[[SessionDocument], object]) -> None:
    held = [case("tcp", size_bytes=size, consumers=count) for size in (16, 64) for count in (1, 4)]
    failed = with_estimates(document(*(three(of, state="failed", reason="lost") for of in held)))
    assert VIEWS["heat"].tables(failed)
    with pytest.raises(UsageError, match="no rate to draw"):
        chart(failed)
