"""The parts of a message's cpu time, as a table and as bars."""

from __future__ import annotations

from typing import Any

import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument
from queuemark.views.cost_chart import cost_chart
from queuemark.views.registry import VIEWS
from tests.analysis.test_spending import COST, probes
from tests.examples import case, document, trial


def held(**more: Any) -> SessionDocument:
    cases = [case("pipe", size_bytes=size) for size in (16, 1024)] + [case("tcp")]
    trials = {of.transport: {"cpu_ns": 1_200_000_000} for of in cases}
    made = [(of, [trial(of, repeat, **trials[of.transport]) for repeat in range(3)]) for of in cases]
    return with_estimates(document(*made, costs={"pipe": COST}, **more))


def bars(of: SessionDocument) -> list[dict[str, Any]]:
    (rows,) = cost_chart(of)["datasets"].values()
    return list(rows)


def test_every_case_has_a_line_and_those_without_parts_say_why() -> None:
    (table,) = VIEWS["cost"].tables(held(probes_before=probes()))
    names = [column.name for column in table.columns]
    cells = [dict(zip(names, row, strict=True)) for row in table.rows]
    assert [row["name"] for row in cells] == ["pipe", "tcp", "pipe"]
    assert cells[1]["calls_ns"] is None and cells[1]["cpu_ns_per_message"] is not None
    for row in (cells[0], cells[2]):
        parts = [row[name] for name in ("calls_ns", "copies_ns", "content_ns", "wake_ups_ns", "rest_ns")]
        assert sum(part for part in parts if isinstance(part, int | float)) == pytest.approx(row["cpu_ns_per_message"])
    assert table.below[0].startswith("no parts of 1 case: they need the probes")


def test_a_bar_is_as_long_as_what_was_measured() -> None:
    drawn = bars(held(probes_before=probes()))
    for row in {bar["row"] for bar in drawn}:
        mine = [bar for bar in drawn if bar["row"] == row]
        assert sum(bar["ns"] for bar in mine) == pytest.approx(mine[0]["measured_ns"])


def test_without_probes_what_was_measured_stands_alone() -> None:
    drawn = bars(held())
    assert {bar["part"] for bar in drawn} == {"measured, without parts"}
    (table,) = VIEWS["cost"].tables(held())
    assert table.below[0].startswith("no parts: they need the probes")


def test_no_cpu_time_no_view() -> None:
    of = case("tcp")
    with pytest.raises(UsageError, match="no cpu time of a proved trial"):
        cost_chart(with_estimates(document((of, [trial(of, state="failed", reason="lost")]))))
