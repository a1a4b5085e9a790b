"""Every test that takes ``offer`` runs once for each transport of each runner, unavailable ones skipped by name."""

from __future__ import annotations

import pytest

from queuemark.runners.registry import Offer
from tests.conformance.runs import OFFERS


@pytest.fixture(params=OFFERS, ids=[f"{o.transport.runtime}:{o.transport.name}" for o in OFFERS])
def offer(request: pytest.FixtureRequest) -> Offer:
    found: Offer = request.param
    if not found.transport.available:
        pytest.skip(f"{found.transport.name} is unavailable here: {found.transport.reason}")
    return found
