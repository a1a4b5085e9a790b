"""A link for tests, where one can be made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from queuemark.measure.link import LinkUnavailable, ShapedLink
from queuemark.model.link import Link

__all__ = ["made"]


@contextmanager
def made(link: Link) -> Iterator[ShapedLink]:
    """The link, or the test is skipped, saying what is missing here."""
    try:
        shaped = ShapedLink(link)
    except LinkUnavailable as error:
        pytest.skip(f"{error}; {error.remedy}")
    try:
        yield shaped
    finally:
        shaped.close()
