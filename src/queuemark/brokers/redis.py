"""Redis: ``redis-server`` as Debian packs it, or whatever is found on PATH.

It is in the memory of one process; what it writes to a disk, and when, is a parameter of the case.
"""

from __future__ import annotations

__all__ = ["Redis"]

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from queuemark.brokers.broker import Lack
from queuemark.brokers.ports import started_on_free_port
from queuemark.brokers.program import Program, new_store
from queuemark.brokers.serving import Named, Started
from queuemark.model.address import read_address
from queuemark.model.transport import ParamValue

PROGRAM = "redis-server"
REMEDY = "apt-get install redis-server, or name a server that runs: --server redis://HOST:6379"
PORT = 6379
_READY_S = 10.0
_READY = re.compile(r"Ready to accept connections")
_TAKEN = re.compile(r"Address already in use")

_PERSISTENCE: dict[ParamValue, tuple[str, ...]] = {
    "none": ("--appendonly", "no"),
    "everysec": ("--appendonly", "yes", "--appendfsync", "everysec"),
    "always": ("--appendonly", "yes", "--appendfsync", "always"),
}

_ALWAYS = ("--save", "", "--client-output-buffer-limit", "pubsub 512mb 512mb 0")
"""No snapshots, which come by themselves. A subscriber for whom more than that waits is cut off; the usual limit, 8 MB
for a minute, is that of a server which has others to serve."""


class Redis:
    """Servers of Redis."""

    name = "redis"
    settings = frozenset({"persist"})

    def lack(self) -> Lack | None:
        if shutil.which(PROGRAM) is not None:
            return None
        return Lack(reason=f"there is no {PROGRAM} on PATH", remedy=REMEDY)

    def start(self, params: Mapping[str, ParamValue] | None = None) -> Started:
        """Raises: BrokerUnavailable."""
        program = Path(shutil.which(PROGRAM) or PROGRAM)
        persistence = _PERSISTENCE[(params or {}).get("persist", "none")]

        def start(port: int) -> Program:
            store = new_store(self.name)
            place = ("--bind", "127.0.0.1", "--port", str(port), "--dir", str(store))
            return Program(program, (*place, *_ALWAYS, *persistence), store=store)

        server, port = started_on_free_port(start, _READY, _TAKEN, _READY_S)
        return Started(self.name, server, f"{self.name}://127.0.0.1:{port}")

    def at(self, url: str) -> Named:
        """Raises: UsageError."""
        read_address(url, self.name, PORT)
        return Named(self.name, url)
