"""What the record answers with, and by what it is asked."""

from __future__ import annotations

__all__ = [
    "Best",
    "CaseFilter",
    "Choice",
    "PlatformRow",
    "Receipt",
    "RecordCase",
    "SessionFilter",
    "SessionRow",
    "Source",
    "Totals",
]

from typing import Literal

import msgspec

from queuemark.model.session import SessionState
from queuemark.model.summary import CaseSummary

Source = Literal["measured", "queuemark", "queueable"]
"""Measured here, submitted as a session, or in the form of the original program."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """created: it was not here before. owned: whoever sent it holds the token that it came with first."""

    session_id: str
    created: bool
    owned: bool


class PlatformRow(msgspec.Struct, frozen=True, kw_only=True):
    """Machines of equal facts; null where they do not say. cpus: how many. first_seen: ISO 8601, UTC."""

    id: str
    system: str
    release: str
    version: str | None
    architecture: str
    cpu_model: str | None
    cpus: int
    first_seen: str
    sessions: int


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A session in a list.

    number: the order of arrival. received_at: null for what was measured here. disputed: why it cannot be, or null.
    trials: 0 while nobody has counted them, which trials_counted tells from a session without any.
    """

    number: int
    id: str
    created_at: str
    received_at: str | None
    state: SessionState
    source: Source
    disputed: str | None
    platform: PlatformRow
    host_label: str | None
    cases: int
    trials: int
    trials_counted: bool
    command: str


class RecordCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case of some session of the record."""

    session_id: str
    platform: PlatformRow
    summary: CaseSummary


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """Of all cases of one mechanism the one that comes nearest to its machine's limit."""

    transport: str
    runtime: str
    case: RecordCase


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    sessions: int
    cases: int
    trials: int
    platforms: int


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A value that a page may be filtered by, and how many sessions have it."""

    value: str
    sessions: int


class SessionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """All that is not null must hold."""

    system: str | None = None
    release: str | None = None
    cpu_model: str | None = None
    transport: str | None = None
    platform_id: str | None = None


class CaseFilter(msgspec.Struct, frozen=True, kw_only=True):
    """The workload is one; transport and platform may be any."""

    size_bytes: int
    consumers: int
    pattern: str = "share"
    transport: str | None = None
    platform_id: str | None = None
