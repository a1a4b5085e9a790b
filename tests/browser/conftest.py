"""A site with a few sessions that show everything a page has to show."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.visit import Shown, filled
from tests.serving import serving


@pytest.fixture(scope="package")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """A site that only shows: tests of it change nothing. It ends with its package: later tests look for children."""
    with serving(tmp_path_factory.mktemp("site")) as site:
        yield filled(site)
