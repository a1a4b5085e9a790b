"""Shares of limits for readers, as a table and as a roofline."""

from __future__ import annotations

import msgspec
import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.model.errors import UsageError
from queuemark.model.session import Limit, SessionDocument
from queuemark.views.limits import limits_tables
from queuemark.views.limits_chart import limits_chart
from queuemark.views.lines import LINES_HIGH
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


def test_of_many_the_highest_measured_are_drawn_however_high_the_limits_of_others() -> None:
    cases = [msgspec.structs.replace(case(), transport=f"t{place}") for place in range(LINES_HIGH + 1)]
    held = with_estimates(
        document(*((of, [trial(of, delivered=1000 * (place + 1))]) for place, of in enumerate(cases)))
    )
    for result in held.cases:
        assert result.rate_per_s is not None
        result.limit = Limit(rate_per_s=2 * result.rate_per_s.median, share=0.5, bound_by="a call")
    held.cases[0].limit = Limit(rate_per_s=1e12, share=0.1, bound_by="a call")
    spec = limits_chart(held)
    (rows,) = spec["datasets"].values()
    assert {row["series"].split()[0] for row in rows} == {f"t{place}" for place in range(1, LINES_HIGH + 1)}
