"""All checks, one after the other, on one transport."""

from __future__ import annotations

__all__ = ["CHECKS", "finding_of", "findings"]

from collections.abc import Iterator

from queuemark.brokers.broker import BrokerUnavailable
from queuemark.brokers.kept import Kept
from queuemark.conform import delivery, endings, faults, refusals
from queuemark.conform.bench import Bench
from queuemark.conform.check import Broken, Check, Finding, NotHere
from queuemark.runners.registry import Offer
from queuemark.runners.stop import Stop

CHECKS: tuple[Check, ...] = (*delivery.CHECKS, *faults.CHECKS, *refusals.CHECKS, *endings.CHECKS)


def findings(offer: Offer, stop: Stop, servers: Kept, *, brief: bool = False) -> Iterator[Finding]:
    """What becomes of each promise, as it is tried; brief: of the few that say most. servers: for whoever needs one.

    Raises: KeyboardInterrupt when it was stopped.
    """
    for check in CHECKS:
        if check.brief or not brief:
            yield finding_of(check, offer, stop, servers)


def finding_of(check: Check, offer: Offer, stop: Stop, servers: Kept) -> Finding:
    """Raises: KeyboardInterrupt when it was stopped."""
    with Bench(offer, stop, servers) as bench:
        try:
            check.try_it(bench)
        except Broken as broken:
            return _finding(check, offer, "broken", str(broken))
        except (NotHere, BrokerUnavailable) as reason:
            return _finding(check, offer, "not here", str(reason))
    return _finding(check, offer, "kept")


def _finding(check: Check, offer: Offer, state: str, words: str = "") -> Finding:
    transport = offer.transport
    return Finding(
        transport=transport.name,
        runtime=transport.runtime,
        promise=check.promise,
        state=state,  # type: ignore[arg-type]
        words=words,
    )
