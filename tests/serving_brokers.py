"""Servers for tests that run a runner by itself: one of each kind for the whole run of the tests."""

from __future__ import annotations

import atexit
from functools import cache

from queuemark.brokers.registry import Servers

__all__ = ["server_words"]


@cache
def server_words(broker: str | None) -> tuple[str, ...]:
    """What names a server of this kind on a runner's command line; nothing where none is needed."""
    if broker is None:
        return ()
    server = Servers().serve(broker)
    atexit.register(server.__exit__, None, None, None)
    return ("--server", server.url)
