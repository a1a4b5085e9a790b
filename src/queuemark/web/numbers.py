"""Whole numbers in an address: what a count may be, so that no database is asked for what it cannot hold."""

from __future__ import annotations

__all__ = ["FromCount", "FromPosition"]

from typing import Annotated

from litestar.params import QueryParameter

_HIGH = 2**63 - 1

FromCount = Annotated[int, QueryParameter(ge=1, le=_HIGH)]
FromPosition = Annotated[int | None, QueryParameter(ge=0, le=_HIGH)]
"""Where a list goes on; null at its beginning."""
