"""Servers for many trials, where not their figures count: one for each kind and its settings, until the end."""

from __future__ import annotations

__all__ = ["Kept"]

from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType

from queuemark.brokers.broker import Server
from queuemark.brokers.registry import BROKERS, Servers
from queuemark.model.transport import ParamValue

_Key = tuple[str, frozenset[tuple[str, ParamValue]]]


class Kept:
    """A context that ends all that it started. servers: where they are found."""

    def __init__(self, servers: Servers | None = None) -> None:
        self._servers = servers or Servers()
        self._kept: dict[_Key, Server] = {}
        self._ending = ExitStack()

    def serve(self, kind: str, params: Mapping[str, ParamValue]) -> Server:
        """One that runs; params: of the case that it is for.

        Raises: BrokerUnavailable.
        """
        settings = BROKERS[kind].settings if kind in BROKERS else frozenset()
        key = (kind, frozenset((name, value) for name, value in params.items() if name in settings))
        found = self._kept.get(key)
        if found is not None and found.fate() is None:
            return found
        self._kept[key] = self._ending.enter_context(self._servers.serve(kind, params))
        return self._kept[key]

    def __enter__(self) -> Kept:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ending.close()
