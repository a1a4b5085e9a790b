"""``/health``: whether the site answers, for whoever watches over it."""

from __future__ import annotations

__all__ = ["health"]

import msgspec
from litestar import get

from queuemark import __version__


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """version: of queuemark."""

    status: str
    version: str


@get("/health", sync_to_thread=False)
def health() -> Health:
    """Says ok while the site answers at all."""
    return Health(status="ok", version=__version__)
