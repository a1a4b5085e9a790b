"""A session that waits to be sent, or was: two files in the data directory that nobody else may read.

    spool/<session>-<site>.json.zst   what is sent, packed as it goes over the wire
    spool/<session>-<site>.json       where to, with which token and details; written last, removed first
    receipts/<session>-<site>.json    what the site answered, with the private link

1. What waits survives the end of this process and of the machine, and is there whole or not at all.
2. A session waits once for each site; its token stays the same, so that sending it again is no second session.
"""

from __future__ import annotations

__all__ = ["Label", "Outbox", "Parcel", "Receipt"]

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
import zstandard

from queuemark.model.details import Details
from queuemark.model.errors import QueuemarkError
from queuemark.model.session import SessionDocument, encode_session
from queuemark.store.directory import prepared

_TOKEN_BYTES = 32
_LEVEL = 10
"""Of zstandard: a tenth of a session's JSON, in less time than it takes to send it."""

T = TypeVar("T")


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """session: its id. site: the address that it goes to. token: what lets its sender change it there."""

    session: str
    site: str
    token: str
    details: Details = Details()


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """body: the session as JSON, compressed by zstandard."""

    label: Label
    body: bytes


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """view: where everybody sees the session. edit: the private link; null where the site gave none.

    sent_at: ISO 8601, UTC.
    """

    session: str
    site: str
    token: str
    view: str
    edit: str | None
    sent_at: str


class Outbox:
    """What waits, and what was sent, in one data directory."""

    def __init__(self, directory: Path) -> None:
        self._spool = directory / "spool"
        self._receipts = directory / "receipts"

    def add(self, document: SessionDocument, site: str, details: Details) -> Parcel:
        """The session waits now; one that waited for the same site is replaced and keeps its token.

        Raises: QueuemarkError when it cannot be written.
        """
        session = document.session.id
        label = Label(session=session, site=site, token=self._token(session, site), details=details)
        body = zstandard.ZstdCompressor(level=_LEVEL).compress(encode_session(document))
        _write(self._body(label), body)
        _write(self._spool / f"{_name(session, site)}.json", msgspec.json.encode(label))
        return Parcel(label=label, body=body)

    def waiting(self) -> list[Parcel]:
        """Those that came first go first. Raises: QueuemarkError when one cannot be read."""
        labels = sorted(_read(self._spool, Label), key=lambda held: _since_s(self._body(held)))
        return [Parcel(label=label, body=_bytes(self._body(label))) for label in labels]

    def drop(self, label: Label) -> None:
        """It does not wait any more."""
        (self._spool / f"{_name(label.session, label.site)}.json").unlink(missing_ok=True)
        self._body(label).unlink(missing_ok=True)

    def keep(self, label: Label, view: str, edit: str | None) -> Receipt:
        """It arrived. An answer without the private link leaves that of an earlier one as it was."""
        before = self._receipt(label.session, label.site)
        receipt = Receipt(
            session=label.session,
            site=label.site,
            token=label.token,
            view=view,
            edit=edit or (before.edit if before is not None else None),
            sent_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        )
        _write(self._receipts / f"{_name(label.session, label.site)}.json", msgspec.json.encode(receipt))
        self.drop(label)
        return receipt

    def receipts(self) -> list[Receipt]:
        """The newest first. Raises: QueuemarkError when one cannot be read."""
        return sorted(_read(self._receipts, Receipt), key=lambda receipt: receipt.sent_at, reverse=True)

    def _token(self, session: str, site: str) -> str:
        """The one that this site knows the session by, or is about to; else a new one."""
        for label in _read(self._spool, Label):
            if (label.session, label.site) == (session, site):
                return label.token
        before = self._receipt(session, site)
        return before.token if before is not None else secrets.token_urlsafe(_TOKEN_BYTES)

    def _receipt(self, session: str, site: str) -> Receipt | None:
        return next((held for held in self.receipts() if (held.session, held.site) == (session, site)), None)

    def _body(self, label: Label) -> Path:
        return self._spool / f"{_name(label.session, label.site)}.json.zst"


def _name(session: str, site: str) -> str:
    return f"{session}-{hashlib.sha256(site.encode()).hexdigest()[:8]}"


def _read(directory: Path, kind: type[T]) -> Iterator[T]:
    for path in sorted(directory.glob("*.json")):
        try:
            yield msgspec.json.decode(_bytes(path), type=kind)
        except msgspec.MsgspecError as error:
            raise QueuemarkError(f"{path} is damaged: {error}; remove it and submit its session again") from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise QueuemarkError(f"cannot read {path}: {error.strerror or error}; check its permissions") from error


def _since_s(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _write(path: Path, content: bytes) -> None:
    """Durable on return, for its owner alone. Raises: QueuemarkError when the system refuses."""
    prepared(path.parent)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _sync(path.parent)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise QueuemarkError(f"cannot write {path}: {error.strerror or error}; nothing was sent") from error


def _sync(directory: Path) -> None:
    """A file's new name is in its directory, which is written when the system likes unless it is told to."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
