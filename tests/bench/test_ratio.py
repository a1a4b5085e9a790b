"""A ratio is judged by what was delivered, and by what was accepted only where that means the same on both sides."""

from __future__ import annotations

from typing import Any

import pytest

from bench.bare import Bare
from bench.judgement import median_interval
from bench.ours import Trial
from bench.ratio import RatioRow
from bench.row import Setting

SHOUTING = RatioRow("x/y", 0.95, Trial("udp"), Bare("datagrams", "udp"), lossy=True)


def _pairs(*, rate: float = 1.0, send_rate: float = 1.0, share: float = 0.8, calls: int = 1000) -> list[dict[str, Any]]:
    """15 pairs in which the bare side has a rate of 1, a share of 0.8 and 1000 calls."""

    def side(rate: float, send_rate: float, share: float, calls: int) -> dict[str, float]:
        return {
            "rate_per_s": rate,
            "send_rate_per_s": send_rate,
            "delivered_share": share,
            "bytes": 100,
            "calls": calls,
        }

    return [{"ours": side(rate, send_rate, share, calls), "bare": side(1.0, 1.0, 0.8, 1000)} for _ in range(15)]


def _judged(row: RatioRow, pairs: list[dict[str, Any]]) -> tuple[str, str]:
    rates = [pair["ours"]["rate_per_s"] for pair in pairs]
    return row._judged(Setting(), pairs, median_interval(rates))


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        ({}, "met"),
        ({"rate": 0.9}, "missed"),
        ({"send_rate": 0.9}, "missed"),
        ({"send_rate": 0.9, "share": 0.84}, "missed"),
        ({"send_rate": 0.9, "share": 0.9}, "met"),
        ({"send_rate": 2.0, "share": 0.3, "rate": 0.9}, "missed"),
        ({"calls": 2000}, "unequal work"),
    ],
)
def test_both_ratios_count_where_both_sides_lost_alike(measured: dict[str, Any], verdict: str) -> None:
    assert _judged(SHOUTING, _pairs(**measured))[0] == verdict


def test_the_shares_and_the_second_ratio_are_told() -> None:
    _, note = _judged(SHOUTING, _pairs(send_rate=1.25, share=0.5))
    assert (
        note == "arrived: ours 50.0%, bare 80.0%; accepted: 1.250 (1.250 to 1.250), not judged, since the shares differ"
    )


def test_where_nothing_is_lost_nothing_is_told() -> None:
    lossless = RatioRow("x/y", 0.95, Trial("tcp"), Bare("each", "tcp"))
    assert _judged(lossless, _pairs(send_rate=0.5)) == ("met", "")
