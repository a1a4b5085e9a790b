"""MQTT: Eclipse's ``mosquitto``, as Debian packs it. It is in the memory of one process, and writes no file."""

from __future__ import annotations

__all__ = ["Mqtt"]

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from queuemark.brokers.broker import Lack
from queuemark.brokers.ports import started_on_free_port
from queuemark.brokers.program import Program
from queuemark.brokers.serving import Named, Started
from queuemark.model.address import read_address
from queuemark.model.transport import ParamValue

PROGRAM = "mosquitto"
REMEDY = "apt-get install mosquitto, or name a server that runs: --server mqtt://HOST:1883"
PORT = 1883
_BESIDE_PATH = "/usr/sbin"
"""Where Debian has it; of those who are not root the PATH does not lead there."""

_READY_S = 10.0
_READY = re.compile(r"mosquitto version \S+ running")
_TAKEN = re.compile(r"Address already in use")

# What waits for a consumer is never dropped: 0 is no limit. One that gave up being root would no longer be asked to
# end with this process (prctl(2), PR_SET_PDEATHSIG).
_SETTINGS = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_inflight_messages 0
max_queued_messages 0
set_tcp_nodelay true
connection_messages false
log_dest stderr
user root
"""


class Mqtt:
    """Servers of MQTT."""

    name = "mqtt"
    settings: frozenset[str] = frozenset()

    def lack(self) -> Lack | None:
        if _program() is not None:
            return None
        return Lack(reason=f"there is no {PROGRAM} on PATH", remedy=REMEDY)

    def start(self, params: Mapping[str, ParamValue] | None = None) -> Started:
        """Raises: BrokerUnavailable."""
        path = Path(_program() or PROGRAM)

        def start(port: int) -> Program:
            with _file(_SETTINGS.format(port=port)) as settings:
                return Program(path, ("-c", settings))

        server, port = started_on_free_port(start, _READY, _TAKEN, _READY_S)
        return Started(self.name, server, f"{self.name}://127.0.0.1:{port}")

    def at(self, url: str) -> Named:
        """Raises: UsageError."""
        read_address(url, self.name, PORT)
        return Named(self.name, url)


def _program() -> str | None:
    return shutil.which(PROGRAM) or shutil.which(PROGRAM, path=_BESIDE_PATH)


@contextmanager
def _file(text: str) -> Iterator[str]:
    """The path of a file with this text, which a program that is started in this block can open; it has no name."""
    descriptor = os.memfd_create("settings", flags=0)
    try:
        os.write(descriptor, text.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
