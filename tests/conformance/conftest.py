"""Every test that takes ``offer`` runs once for each transport of each runner, unavailable ones skipped by name.

A trial of Python's own runner starts an interpreter for each role, which takes a hundred times as long as a fork: its
transports go through all of this only in the long run. What they have to keep, tests/conform tries in every run.
"""

from __future__ import annotations

import pytest

from queuemark.runners.registry import Offer
from tests.conformance.runs import OFFERS


@pytest.fixture(
    params=[
        pytest.param(
            offer,
            id=f"{offer.transport.runtime}:{offer.transport.name}",
            marks=[pytest.mark.soak, pytest.mark.timeout(3600)] if offer.transport.runtime == "python" else [],
        )
        for offer in OFFERS
    ]
)
def offer(request: pytest.FixtureRequest) -> Offer:
    found: Offer = request.param
    if not found.transport.available:
        pytest.skip(f"{found.transport.name} is unavailable here: {found.transport.reason}")
    return found
