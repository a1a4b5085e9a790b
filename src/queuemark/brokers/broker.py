"""What a kind of server can be asked for, and what a server can be asked."""

from __future__ import annotations

__all__ = ["Broker", "BrokerUnavailable", "Lack", "Server"]

from collections.abc import Mapping
from types import TracebackType
from typing import Protocol

import msgspec

from queuemark.model.broker import BrokerUse
from queuemark.model.transport import ParamValue


class Lack(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no such server here, and what to do about it."""

    reason: str
    remedy: str


class BrokerUnavailable(Exception):
    """A server could not be started: the lack."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.lack = Lack(reason=reason, remedy=remedy)


class Server(Protocol):
    """A server that is ready; a context manager that ends it, if it was started here."""

    @property
    def url(self) -> str:
        """Its address, as a runner takes it with ``--server``."""

    def fate(self) -> str | None:
        """How it has ended although a trial still needed it, behind "the server"; None while it runs."""

    def used(self, granted: Mapping[str, ParamValue]) -> BrokerUse:
        """What the trial that has just ended took of it; granted: what its runner learned from the server."""

    def __enter__(self) -> Server: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class Broker(Protocol):
    """A kind of server."""

    @property
    def name(self) -> str:
        """As a transport's facts have it; the scheme of its addresses, too."""

    def lack(self) -> Lack | None:
        """Why it cannot be started here, or None."""

    @property
    def settings(self) -> frozenset[str]:
        """The parameters of a case that decide how a server is started for it."""

    def start(self, params: Mapping[str, ParamValue] | None = None) -> Server:
        """A server of its own, once it is ready; params: of the case that it is for.

        Raises: BrokerUnavailable.
        """

    def at(self, url: str) -> Server:
        """One that runs already. Raises: UsageError for what is no address of one."""
