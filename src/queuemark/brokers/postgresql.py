"""PostgreSQL: ``postgres`` and ``initdb`` of the newest version that Debian has installed, or as found on PATH.

It refuses to be root's, so root starts it as another user. It has a segment of shared memory that outlives a process
that is killed; SIGQUIT ends it as fast, and it removes that. What it would name in /dev/shm is in its directory.
"""

from __future__ import annotations

__all__ = ["PostgreSQL"]

import os
import pwd
import re
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

from queuemark.brokers.broker import Lack
from queuemark.brokers.ports import started_on_free_port
from queuemark.brokers.program import Program, new_store
from queuemark.brokers.serving import Named, Started
from queuemark.model.address import read_address
from queuemark.model.transport import ParamValue
from queuemark.model.workload import CONSUMERS_HIGH

PROGRAM = "postgres"
REMEDY = "apt-get install postgresql, or name a server that runs: --server postgresql://USER:PASSWORD@HOST:5432"
PORT = 5432
_VERSIONS = Path("/usr/lib/postgresql")
_USERS = ("postgres", "nobody")
_OWNER = "queuemark"
_READY_S = 60.0
"""Making its first files takes a second, and much longer on a machine that is busy."""

_READY = re.compile(r"database system is ready to accept connections")
_TAKEN = re.compile(r"Address already in use")

_ALWAYS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "dynamic_shared_memory_type": "mmap",
    "max_connections": str(CONSUMERS_HIGH + 10),
}

_MADE_WITH = ("-U", _OWNER, "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8")


class PostgreSQL:
    """Servers of PostgreSQL."""

    name = "postgresql"
    settings = frozenset({"persist"})

    def lack(self) -> Lack | None:
        missing = next((name for name in (PROGRAM, "initdb") if _program(name) is None), None)
        if missing is None:
            return None
        return Lack(reason=f"there is no {missing} in {_VERSIONS} and none on PATH", remedy=REMEDY)

    def start(self, params: Mapping[str, ParamValue] | None = None) -> Started:
        """Raises: BrokerUnavailable."""
        synced = "on" if (params or {}).get("persist") == "synced" else "off"

        def start(port: int) -> Program:
            store = new_store(self.name)
            place = ("-D", str(store / "data"))
            settings = {**_ALWAYS, "port": str(port), "fsync": synced}
            return Program(
                _program(PROGRAM) or Path(PROGRAM),
                (*place, *(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))),
                store=store,
                user=_unprivileged(),
                before=(str(_program("initdb") or "initdb"), *place, *_MADE_WITH),
                ending=signal.SIGQUIT,
            )

        server, port = started_on_free_port(start, _READY, _TAKEN, _READY_S)
        return Started(self.name, server, f"{self.name}://{_OWNER}@127.0.0.1:{port}")

    def at(self, url: str) -> Named:
        """Raises: UsageError."""
        read_address(url, self.name, PORT, named=True)
        return Named(self.name, url)


def _program(name: str) -> Path | None:
    """Debian keeps each version's programs out of the way of the others'."""
    versions = sorted(_VERSIONS.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which(name)
    return Path(found) if found is not None else None


def _unprivileged() -> str | None:
    """Who may run it: this user, or one whom root can become."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in _USERS if name in known), None)
