from __future__ import annotations

from collections.abc import Iterator

import pytest

from queuemark.store.record import Record


@pytest.fixture
def record(database_url: str) -> Iterator[Record]:
    with Record.open(database_url) as opened:
        yield opened
