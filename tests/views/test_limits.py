"""Shares of limits for readers, as a table and as a roofline."""

from __future__ import annotations

import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument
from queuemark.views.limits import limits_tables
from queuemark.views.limits_chart import limits_chart
from queuemark.views.render import text
from tests.analysis.test_limits import COST, PROBES
from tests.examples import case, document, trial


def limited() -> SessionDocument:
    cases = [case("tcp", size_bytes=size) for size in (16, 64, 1024)]
    held = document(
        *((of, [trial(of, delivered=delivered)]) for of, delivered in zip(cases, (9, 90, 900), strict=True))
    )
    held.session.costs, held.session.probes_before = {"tcp": COST}, PROBES
    return with_estimates(held)


def test_m23_the_share_and_what_binds_stand_beside_the_rate() -> None:
    (table,) = limits_tables(limited())
    shown = text(table, None)
    assert "producer: 1 call a message" in shown
    assert "3 below, 0 above" in shown
    assert len(table.rows) == 3


def test_without_limits_the_view_says_what_they_need() -> None:
    with pytest.raises(UsageError, match="has no limits: they need the probes"):
        limits_tables(with_estimates(document((case(), [trial(case())]))))


def test_a_roofline_has_results_limits_and_ceilings() -> None:
    pytest.importorskip("altair")
    spec = limits_chart(limited())
    (rows,) = list(spec["datasets"].values()) if "datasets" in spec else [spec["data"]["values"]]
    assert {row["kind"] for row in rows} == {"measured", "limit"}
