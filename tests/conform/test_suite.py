"""Every transport keeps what the contract promises, whoever performs its trials."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from queuemark.brokers.kept import Kept
from queuemark.brokers.registry import Servers
from queuemark.conform.check import Check
from queuemark.conform.suite import CHECKS, finding_of
from queuemark.runners.registry import Offer, survey
from queuemark.runners.stop import Stop

THOROUGH = ("queue", "os-pipe")
"""Of Python's own, whose trials take long to start: one that competes, in threads, and one that is dealt, in processes.
What the others share with these is the runner; what is theirs alone is tried of each. In the long run all is."""

OF_EACH = (
    "a trial that is called ok proves its delivery, to two consumers",
    "in a fan-out every consumer gets every message",
)


@pytest.fixture(scope="module")
def servers() -> Iterator[Kept]:
    with Kept() as kept:
        yield kept


def tried() -> Iterator[object]:
    for offer in Servers().surveyed(survey()).offers:
        transport = offer.transport
        whole = transport.runtime != "python" or transport.name in THOROUGH
        for check in CHECKS:
            marks = [] if whole or check.promise in OF_EACH else [pytest.mark.soak]
            yield pytest.param(offer, check, id=f"{transport.runtime}:{transport.name}-{check.promise}", marks=marks)


@pytest.mark.parametrize(("offer", "check"), list(tried()))
def test_the_promise_is_kept(offer: Offer, check: Check, servers: Kept) -> None:
    if not offer.transport.available:
        pytest.skip(f"{offer.transport.name} is unavailable here: {offer.transport.reason}")
    with Stop() as stop:
        finding = finding_of(check, offer, stop, servers)
    if finding.state == "not here":
        pytest.skip(finding.words)
    assert (finding.state, finding.words) == ("kept", "")


def test_no_promise_is_made_twice() -> None:
    promises = [check.promise for check in CHECKS]
    assert len(set(promises)) == len(promises)
    assert sum(check.brief for check in CHECKS) >= 4
    assert set(OF_EACH) <= set(promises)
