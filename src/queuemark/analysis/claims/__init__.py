"""The old argument about two million messages a second, claim by claim: what to measure, and how figures decide.

Nothing is measured here. A new claim is an object in one of these files and a line below.
"""

from __future__ import annotations

__all__ = ["CLAIMS", "Asking", "Claim", "Evidence", "Judgement", "Part"]

from queuemark.analysis.claims.calls import MILLION_CALLS, ONE_CONNECTION, SECONDS, TWO_MILLION
from queuemark.analysis.claims.claim import Asking, Claim, Judgement, Part
from queuemark.analysis.claims.evidence import Evidence
from queuemark.analysis.claims.frames import LINKS, SPECIAL_HARDWARE
from queuemark.analysis.claims.front import PRICE_OF_THROUGHPUT
from queuemark.analysis.claims.shape import BULK, CONCURRENCY, ZIG_ZAG
from queuemark.analysis.claims.system import SYSTEM

CLAIMS: dict[int, Claim] = {
    claim.number: claim
    for claim in (
        ONE_CONNECTION,
        TWO_MILLION,
        MILLION_CALLS,
        SECONDS,
        LINKS,
        BULK,
        PRICE_OF_THROUGHPUT,
        CONCURRENCY,
        ZIG_ZAG,
        SYSTEM,
        SPECIAL_HARDWARE,
    )
}
"""By their numbers, in their order."""
