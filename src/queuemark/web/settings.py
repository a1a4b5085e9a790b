"""What a site is told when it starts, and how it is handed to worker processes."""

from __future__ import annotations

__all__ = ["LOOPBACK", "Settings", "from_environment", "into_environment"]

import os
from pathlib import Path
from typing import Annotated

import msgspec

from queuemark.model.errors import QueuemarkError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""The names of this machine to itself."""

_VARIABLE = "QUEUEMARK_SITE"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """database: ``postgresql://...`` or ``sqlite:///...``; null: the local store in ``directory`` or its usual place.

    base_url: how readers reach the site, without a slash at its end; null: as each request names it.
    names: the host names that are answered; empty: any. A site without a name of its own answers to this machine's
        alone, or a page elsewhere could have its own name point here and read what is not for it; and links are
        made of the name that a request came by.
    trusted_proxy: addresses whose ``X-Forwarded-For`` is believed.
    rate_per_s, burst: requests that one address may make, in the long run and at once; a post counts as ten of them.
        0: any number.
    body_high_bytes: the largest body as sent. inflated_high_bytes: the same body inflated.
    body_timeout_s: how long a body may take to come. waiting_high_bytes: as sent, of all bodies whose
        requests are not answered yet. decoding_high: bodies that are inflated and decoded at once.
    dumps: a directory whose files are served under /dumps; null: there are none.
    """

    database: str | None = None
    directory: Path | None = None
    base_url: str | None = None
    names: tuple[str, ...] = ()
    trusted_proxy: tuple[str, ...] = ()
    rate_per_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    burst: Annotated[float, msgspec.Meta(ge=0)] = 500.0
    body_high_bytes: int = 4 * 1024 * 1024
    inflated_high_bytes: int = 64 * 1024 * 1024
    body_timeout_s: float = 120.0
    waiting_high_bytes: int = 256 * 1024 * 1024
    decoding_high: Annotated[int, msgspec.Meta(ge=1)] = 2
    dumps: Path | None = None


def into_environment(settings: Settings) -> None:
    """For worker processes, which are started afresh and know nothing but their environment."""
    os.environ[_VARIABLE] = msgspec.json.encode(settings).decode()


def from_environment() -> Settings:
    """Raises: QueuemarkError when nobody put settings there."""
    found = os.environ.get(_VARIABLE)
    if found is None:
        raise QueuemarkError(f"{_VARIABLE} is not set: a site's workers are started by queuemark serve")
    return msgspec.json.decode(found, type=Settings)
