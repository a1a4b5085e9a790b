"""What pages search and list a stored case by: one line a case, made when its session comes in."""

from __future__ import annotations

__all__ = ["SUMMARY_VERSION", "CaseState", "CaseSummary"]

from typing import Final, Literal

import msgspec

from queuemark.model.units import Count, Positive

SUMMARY_VERSION: Final = 2
"""Of the way summaries are made; those of an earlier version are made again."""

CaseState = Literal["ok", "failed", "unavailable", "unproved"]


class CaseSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One case of a session at a glance.

    key: see ``case_key``. ordinal: 0-based, its place in the session's document.
    size_bytes: the largest message. offered_per_s: the rate that the producer was to send at; null: as fast as it goes.
    state: ``failed`` where any trial did; ``unproved`` where whoever measured any counted nothing; ``unavailable``
        where none ran. trials: those that ran.
    median_per_s, low_per_s, high_per_s: the estimate of the rate; null where no trial has one, or too few for a range.
    limit_share: of what the machine allows, 1 for all; beyond: it cannot be; bound_by: what binds.
    p99_ns: of all proved trials' samples together; null where there are too few.
    """

    key: str
    ordinal: Count
    transport: str
    runtime: str
    pattern: str
    policy: str
    size_bytes: Positive
    consumers: Count
    offered_per_s: float | None = None
    state: CaseState
    trials: Count
    median_per_s: float | None = None
    low_per_s: float | None = None
    high_per_s: float | None = None
    limit_share: float | None = None
    beyond: bool = False
    bound_by: str | None = None
    p99_ns: Count | None = None
