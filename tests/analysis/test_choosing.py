"""What is advised over many machines: only what was proved, by rate on one of them and by share across them."""

from __future__ import annotations

from typing import Any

import pytest

from queuemark.analysis.advise import Wish
from queuemark.analysis.choosing import Chosen, choose
from queuemark.model.summary import CaseSummary
from queuemark.store.rows import PlatformRow, RecordCase
from tests.examples import transports

FACTS = {name: transport.facts for name, transport in transports().items()}


def held(transport: str = "tcp", rate_per_s: float | None = 1e6, **told: Any) -> RecordCase:
    made = {"key": "0" * 16, "ordinal": 0, "runtime": "native", "pattern": "share", "policy": "each", "trials": 3}
    summary = CaseSummary(
        **{**made, "size_bytes": 64, "consumers": 1, "state": "ok", "p99_ns": 50_000, **told},
        transport=transport,
        median_per_s=rate_per_s,
    )
    platform = PlatformRow(
        id="p",
        system="Linux",
        release="6",
        version=None,
        architecture="x86_64",
        cpu_model=None,
        cpus=2,
        first_seen="2026-03-01T12:00:00Z",
        sessions=1,
    )
    return RecordCase(session_id="0" * 32, platform=platform, summary=summary)


def chosen(*cases: RecordCase, one_platform: bool = False, **wish: Any) -> Chosen:
    wanted = Wish(**{"size_bytes": 64, "consumers": 1, **wish})
    return choose(wanted, cases, lambda case: FACTS.get(case.summary.transport), one_platform=one_platform)


def names(found: Chosen) -> list[str]:
    return [case.summary.transport for case in found.fitting]


FAST = held("tcp", 3e6, limit_share=0.4, p99_ns=900_000)
NEAR = held("pipe", 1e6, limit_share=0.9, p99_ns=20_000)
UNKNOWN = held("unix-stream", 2e6, limit_share=None, p99_ns=40_000)


def test_m18_across_machines_the_share_ranks_and_on_one_the_rate() -> None:
    assert names(chosen(FAST, NEAR, UNKNOWN)) == ["pipe", "tcp", "unix-stream"]
    assert names(chosen(FAST, NEAR, UNKNOWN, one_platform=True)) == ["tcp", "unix-stream", "pipe"]


def test_where_a_rate_is_needed_the_lowest_p99_that_delivers_it_is_best() -> None:
    found = chosen(FAST, NEAR, UNKNOWN, one_platform=True, rate_per_s=1.5e6)
    assert names(found) == ["unix-stream", "tcp"]
    assert found.ruled_out == {"too slow": 1}


@pytest.mark.parametrize(
    ("told", "wish", "reason"),
    [
        ({"state": "unproved"}, {}, "delivery not proved, or no rate"),
        ({"state": "failed"}, {}, "delivery not proved, or no rate"),
        ({"state": "unavailable", "rate_per_s": None}, {}, "delivery not proved, or no rate"),
        ({"beyond": True, "limit_share": 1.2}, {}, "above what its machine allows"),
        ({"offered_per_s": 2e6}, {}, "fell behind the rate that was set"),
        ({"p99_ns": None}, {"p99_ns": 10**6}, "no p99"),
        ({"p99_ns": None}, {"rate_per_s": 1e3}, "no p99"),
        ({}, {"p99_ns": 1000}, "p99 above the bound"),
        ({"transport": "pipe"}, {"across_hosts": True}, "pipe stays on one host"),
        ({"transport": "own"}, {"lossless": True}, "own: what it promises was not recorded"),
    ],
)
def test_what_does_not_fit_is_counted_by_its_reason(told: dict[str, Any], wish: dict[str, Any], reason: str) -> None:
    found = chosen(held(**told), **wish)
    assert found.fitting == []
    ((said, count),) = found.ruled_out.items()
    assert said.startswith(reason) and count == 1
    assert found.looked_at == 1


def test_of_a_mechanism_and_policy_the_best_stands_for_all() -> None:
    found = chosen(held(rate_per_s=1e6), held(rate_per_s=2e6), held(rate_per_s=1.5e6, policy="buffer:16384"))
    assert [case.summary.median_per_s for case in found.fitting] == [2e6, 1.5e6]
