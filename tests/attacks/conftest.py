"""A site of each module's own, so that what one module does to it is not seen by another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serving import Site, serving


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("site")) as running:
        yield running
        assert running.process.poll() is None, running.log.read_text(encoding="utf-8")
        assert "Traceback" not in running.log.read_text(encoding="utf-8")
