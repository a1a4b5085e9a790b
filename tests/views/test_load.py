"""What happens as more is offered: rates in order, and what a search ended with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.model.errors import UsageError
from queuemark.model.latency import Latency
from queuemark.model.plan import Case
from queuemark.model.search import Search
from queuemark.model.session import SessionDocument
from queuemark.model.trial import Trial
from queuemark.views.latency_chart import latency_chart
from queuemark.views.load import load_tables
from queuemark.views.load_chart import load_chart
from tests.examples import case, document, trial
from tests.histograms import histogram


def offered(rate_per_s: float | None, *, p99_us: int = 10, lost: int = 0, repeats: int = 3) -> tuple[Case, list[Trial]]:
    of = case("tcp", rate_per_s=rate_per_s)
    latency = Latency(kind="one-way", every=1, histogram=histogram([1000 * p99_us] * 2000))
    sent = int((rate_per_s or 1_000_000) / 5)
    return of, [
        trial(of, repeat, delivered=sent - lost, lost=lost, latency=latency, send_window_ns=200_000_000)
        for repeat in range(repeats)
    ]


def shown(search: Search | None, *results: tuple[Case, list[Trial]]) -> SessionDocument:
    held = document(*results)
    held.session.plan = msgspec.structs.replace(held.session.plan, search=search, repeats=3)
    return with_estimates(held)


def said(search: Search, *results: tuple[Case, list[Trial]]) -> str:
    (table,) = load_tables(shown(search, *results))
    return table.above[-1]


LOSSLESS = Search(goal="lossless")


def test_rates_stand_in_order_with_their_share_of_the_ceiling() -> None:
    (table,) = load_tables(shown(None, offered(None), offered(500_000), offered(100_000)))
    names = [column.name for column in table.columns]
    rows: Sequence[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in table.rows]
    assert [row["offered_per_s"] for row in rows] == [100_000, 500_000, None]
    ceiling_per_s = rows[-1]["rate_per_s"]
    assert [row["ceiling_share"] for row in rows] == [100_000 / ceiling_per_s, 500_000 / ceiling_per_s, None]
    assert [row["case"] for row in rows] == [3, 2, 1]


def test_m26_a_search_says_what_it_found_how_near_and_how_surely() -> None:
    found = said(LOSSLESS, offered(None, lost=9), offered(100_000), offered(104_000, lost=1, repeats=1))
    assert found.endswith(
        "100 k/s without loss, confirmed by 3 trials; 104 k/s is too much, resolution 4 % (2 rates tried)"
    )


def test_m26_what_no_further_trial_confirmed_is_said() -> None:
    found = said(LOSSLESS, offered(None, lost=9), offered(100_000, repeats=1), offered(104_000, lost=1, repeats=1))
    assert "100 k/s without loss, not confirmed, 1 trial only" in found


def test_m26_where_every_rate_lost_none_is_named() -> None:
    found = said(LOSSLESS, offered(None, lost=9), offered(100_000, lost=1), offered(50_000, lost=1))
    assert found.endswith("no rate was found without loss (2 rates tried)")


def test_a_bound_on_p99_is_judged_by_all_samples_together() -> None:
    bound = Search(goal="p99", bound_ns=50_000)
    found = said(bound, offered(None), offered(100_000), offered(102_000, p99_us=60))
    assert "100 k/s with p99 within 50 us, confirmed by 3 trials; 102 k/s is too much, resolution 2 %" in found


def test_what_was_not_reached_kept_no_promise() -> None:
    of, _ = offered(100_000)
    behind = of, [trial(of, repeat, delivered=15_000, send_window_ns=200_000_000) for repeat in range(3)]
    assert said(LOSSLESS, offered(None), behind).endswith("no rate was found without loss (1 rate tried)")


def test_a_session_without_a_set_rate_says_how_to_walk() -> None:
    with pytest.raises(UsageError, match="walk over the load with: queuemark run -t tcp --rate-sweep"):
        load_tables(shown(None, offered(None)))


def test_charts_draw_each_case_over_the_load_and_over_percentiles() -> None:
    pytest.importorskip("altair")
    held = shown(None, offered(None), offered(500_000), offered(100_000))
    (values,) = load_chart(held)["datasets"].values()
    assert sorted(value["offered_per_s"] for value in values) == [100_000, 500_000]
    (values,) = latency_chart(held)["datasets"].values()
    assert len({value["series"] for value in values}) == 2
    # 6000 samples tell p99.75 and not p99.9.
    assert max(value["rarity"] for value in values) == 400
    with pytest.raises(UsageError, match="no p99 at a set rate to draw"):
        load_chart(shown(None, offered(None)))
