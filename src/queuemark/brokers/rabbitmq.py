"""RabbitMQ: ``rabbitmq-server`` as Debian packs it, or whatever is found on PATH.

1. Node, cookie and files are its own: nothing in /etc/rabbitmq is read, and no plugin is on.
2. Erlang would start a daemon, epmd, that outlives the server. A node that is told its port beforehand needs none; the
   server misses it once a minute, and starts a node of Erlang to have it back, which is told the same.
"""

from __future__ import annotations

__all__ = ["RabbitMq"]

import re
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from queuemark.brokers.broker import Lack
from queuemark.brokers.ports import started_on_free_port
from queuemark.brokers.program import Program, new_store
from queuemark.brokers.serving import Named, Started
from queuemark.model.address import read_address
from queuemark.model.transport import ParamValue

PROGRAM = "rabbitmq-server"
REMEDY = "apt-get install rabbitmq-server, or name a server that runs: --server rabbitmq://HOST:5672"
PORT = 5672
_DEBIANS = Path("/usr/lib/rabbitmq/bin") / PROGRAM
"""What Debian has on PATH becomes another user, who may not write where we may."""

_READY_S = 60.0
"""Several hundred modules are loaded: 3 s on two idle cores, many times that on busy ones."""
_READY = re.compile(r"completed with \d+ plugins")
_TAKEN = re.compile(r"eaddrinuse|already in use")

_NOBODYS_PORT = "1"
"""So that a daemon which this machine may have is not told of the server."""


class RabbitMq:
    """Servers of RabbitMQ."""

    name = "rabbitmq"
    settings: frozenset[str] = frozenset()

    def lack(self) -> Lack | None:
        if _program() is not None:
            return None
        return Lack(reason=f"there is no {PROGRAM} on PATH", remedy=REMEDY)

    def start(self, params: Mapping[str, ParamValue] | None = None) -> Started:
        """Raises: BrokerUnavailable."""
        path = Path(_program() or PROGRAM)

        def start(port: int) -> Program:
            store = new_store(self.name)
            return Program(path, (), store=store, environment=_environment(store, port))

        server, port = started_on_free_port(start, _READY, _TAKEN, _READY_S)
        return Started(self.name, server, f"{self.name}://127.0.0.1:{port}")

    def at(self, url: str) -> Named:
        """Raises: UsageError."""
        read_address(url, self.name, PORT)
        return Named(self.name, url)


def _program() -> str | None:
    return str(_DEBIANS) if _DEBIANS.exists() else shutil.which(PROGRAM)


def _environment(store: Path, port: int) -> dict[str, str]:
    """What keeps it to its place: clients find it on this port, other nodes on that of another loopback address."""
    erlang = (
        "-noinput",
        f"-sname queuemark@localhost -setcookie {secrets.token_hex(16)}",
        f"-erl_epmd_port {port} -kernel inet_dist_use_interface {{127,0,0,2}}",
    )
    return {
        "HOME": str(store),
        "ERL_AFLAGS": "",
        "ERL_FLAGS": "-start_epmd false",
        "ERL_ZFLAGS": "",
        "ERL_EPMD_PORT": _NOBODYS_PORT,
        "RABBITMQ_ALLOW_INPUT": "1",  # The server takes the place of the script that starts it.
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(store / "advanced"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_CONFIG_FILE": str(store / "none"),
        "RABBITMQ_CONFIG_FILES": str(store / "none.d"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(store / "plugins"),
        "RABBITMQ_LOG": "warning",
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_LOG_BASE": str(store / "log"),
        "RABBITMQ_MNESIA_BASE": str(store / "mnesia"),
        "RABBITMQ_NODENAME": "queuemark@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": " ".join(erlang),
    }
