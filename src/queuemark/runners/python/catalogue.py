"""Which transports there are: ours, those that somebody names, and those that installed packages bring.

1. A module of a transport is imported only when that transport is described or run; what it needs only when it runs.
2. A class of somebody else that cannot be had takes nothing from the others: it is listed as unavailable, also when
   importing it would end the process.
3. A name is known once: ours before those that are named in QUEUEMARK_TRANSPORTS, these before those that installed
   packages have under an entry point of the group ``queuemark.transports``.
"""

from __future__ import annotations

__all__ = ["GROUP", "VARIABLE", "Catalogue", "ours"]

import os
import sys
from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from queuemark.model.transport import Facts
from queuemark.model.transport import Transport as Description
from queuemark.runners.python.transport import RUNTIME, Transport

GROUP = "queuemark.transports"
VARIABLE = "QUEUEMARK_TRANSPORTS"

_PLACE = "queuemark.runners.python.transports"
_OURS = {
    "mp-queue": "mp_queue:MpQueue",
    "mp-simple-queue": "mp_simple_queue:MpSimpleQueue",
    "mp-pipe": "mp_pipe:MpPipe",
    "mp-pipe-bytes": "mp_pipe_bytes:MpPipeBytes",
    "queue": "queue:QueueQueue",
    "simple-queue": "simple_queue:SimpleQueue",
    "os-pipe": "os_pipe:OsPipe",
    "socketpair": "socketpair:SocketPair",
    "asyncio-queue": "asyncio_queue:AsyncioQueue",
    "asyncio-streams": "asyncio_streams:AsyncioStreams",
    "shared-memory": "shared_memory:SharedMemoryRing",
    "posix-ipc": "posix_mq:PosixMq",
    "pyzmq": "zmq_sockets:ZmqSockets",
    "pyzmq-inproc": "zmq_sockets:ZmqInproc",
    "pynng": "nng_sockets:NngSockets",
    "pynng-inproc": "nng_sockets:NngInproc",
    "iceoryx2": "iceoryx:Iceoryx",
    "faster-fifo": "faster_fifo:FasterFifo",
    "redis-list": "redis_list:RedisList",
    "redis-stream": "redis_stream:RedisStream",
    "redis-pubsub": "redis_pubsub:RedisPubSub",
    "pg-notify": "pg_notify:PgNotify",
    "pg-skip-locked": "pg_skip_locked:PgSkipLocked",
    "nats-py": "nats_py:NatsPy",
    "rabbitmq": "rabbitmq:RabbitMq",
    "mqtt": "mqtt:MqttTopic",
}


def ours(name: str) -> bool:
    """Whether this project brings it."""
    return name in _OURS


class Catalogue:
    """All of them, by name. environment: of which VARIABLE names classes, FILE.py:CLASS or MODULE:CLASS, by commas."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        texts = [text.strip() for text in environment.get(VARIABLE, "").split(",")]
        named = dict(map(_named, filter(None, texts)))
        own = {name: EntryPoint(name, f"{_PLACE}.{where}", GROUP) for name, where in _OURS.items()}
        self._points = {**named, **own}

    @cached_property
    def _installed(self) -> dict[str, EntryPoint]:
        """Looking through all installed packages takes its time, so it is done when somebody asks for them."""
        points = sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value), reverse=True)
        return {point.name: point for point in points if point.name not in self._points}

    def __contains__(self, name: str) -> bool:
        return name in self._points or name in self._installed

    def names(self) -> list[str]:
        """Ours first."""
        return [*_OURS, *(name for name in self._points if name not in _OURS), *sorted(self._installed)]

    def load(self, name: str) -> type[Transport]:
        """Raises: KeyError for an unknown name; whatever importing it raises; TypeError when it is no transport."""
        point = self._points.get(name) or self._installed[name]
        found = point.load()
        if not (isinstance(found, type) and issubclass(found, Transport)):
            raise TypeError(f"{point.value} is not a class of Transport (runners/python/transport.py)")
        return found

    def describe(self, name: str) -> Description:
        try:
            described = self.load(name).description()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - what their module raises is why it is unavailable
            return _unavailable(name, error)
        if described.name != name:
            return _unavailable(name, ValueError(f"its entry point is {name}, and it calls itself {described.name}"))
        return described

    def describe_all(self) -> list[Description]:
        return [self.describe(name) for name in self.names()]


def _named(text: str) -> tuple[str, EntryPoint]:
    """A class by its file or module; its name is that which it has, or the text where it cannot be had."""
    module, _, attribute = text.rpartition(":")
    if module.endswith(".py"):
        # Roles are started with the same path, so they find it, too.
        sys.path.insert(0, str(Path(module).absolute().parent))
        module = Path(module).stem
    point = EntryPoint(text, f"{module}:{attribute}", GROUP)
    try:
        return str(point.load().name), point
    except (Exception, SystemExit):  # noqa: BLE001 - whatever it is, it is told where this transport is described
        return text, point


def _unavailable(name: str, error: BaseException) -> Description:
    said = " ".join(f"{type(error).__name__}: {error}".split())
    nothing = Facts(
        lossless=True,
        ordered=True,
        boundaries=True,
        copies=0,
        patterns=["share"],
        dispatches=["compete"],
        policies=["each"],
        acks=["fence"],
        waits=["block"],
        max_size_bytes=1,
    )
    return Description(
        name=name,
        runtime=RUNTIME,
        summary="a transport that cannot be loaded",
        available=False,
        reason=said,
        remedy="mend its package, or uninstall it",
        facts=nothing,
        params=[],
    )
