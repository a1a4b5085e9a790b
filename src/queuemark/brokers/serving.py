"""A server while a trial lasts: one that was started for it, or one that somebody else runs."""

from __future__ import annotations

__all__ = ["Named", "Started"]

from collections.abc import Mapping
from types import TracebackType

from queuemark.brokers.program import Program, digest
from queuemark.model.broker import BrokerUse
from queuemark.model.transport import ParamValue


class Started:
    """A server of our own, which is ready."""

    def __init__(self, kind: str, program: Program, url: str) -> None:
        self.url = url
        self._kind, self._program = kind, program
        self._begun_ns = program.cpu_ns()

    def fate(self) -> str | None:
        return self._program.fate()

    def used(self, granted: Mapping[str, ParamValue]) -> BrokerUse:
        now_ns = self._program.cpu_ns()
        known = now_ns is not None and self._begun_ns is not None
        return BrokerUse(
            name=self._kind,
            version=_version(granted),
            started=True,
            sha256=digest(self._program.program),
            cpu_ns=max(0, (now_ns or 0) - (self._begun_ns or 0)) if known else None,
        )

    def __enter__(self) -> Started:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._program.end()


class Named:
    """A server that somebody else runs; what it spends is not known."""

    def __init__(self, kind: str, url: str) -> None:
        self.url = url
        self._kind = kind

    def fate(self) -> str | None:
        """Nobody here knows."""

    def used(self, granted: Mapping[str, ParamValue]) -> BrokerUse:
        return BrokerUse(name=self._kind, version=_version(granted), started=False)

    def __enter__(self) -> Named:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """It is not ours to end."""


def _version(granted: Mapping[str, ParamValue]) -> str | None:
    said = granted.get("server_version")
    return said if isinstance(said, str) else None
