"""What answers to readers are made from: the record, what was decoded of it, and what was drawn."""

from __future__ import annotations

__all__ = ["READING", "FromAsked", "FromReading", "Reading", "Shown", "SiteUrl"]

from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery

from queuemark.model.session import SessionDocument
from queuemark.store.record import Record
from queuemark.store.rows import SessionRow
from queuemark.views.axes import Scale
from queuemark.views.registry import view_named
from queuemark.web.data.asked import Asked
from queuemark.web.documents import Documents
from queuemark.web.pictures import Pictures


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A session and its results, with estimates."""

    row: SessionRow
    document: SessionDocument


class Reading:
    """Of one site, while it runs; safe for threads."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.documents = Documents(record)
        self.pictures = Pictures()

    def session(self, session_id: str, view: str | None = None) -> Shown:
        """view: the one that looks at it. Raises: NotFound, Withdrawn; UsageError for a view that there is not."""
        row = self.record.session_row(session_id)
        histograms = view is not None and view_named(view).histograms
        return Shown(row=row, document=self.documents.of(row, histograms=histograms))


def _reading(state: State) -> Reading:
    reading: Reading = state.reading
    return reading


def _site_url(request: Request[Any, Any, Any], state: State) -> str:
    """How readers reach the site, without a slash at its end."""
    told: str | None = state.settings.base_url
    return told or f"{request.url.scheme}://{request.url.netloc}"


def _asked(
    transport: FromQuery[str] = "",
    consumers: FromQuery[str] = "",
    size: FromQuery[str] = "",
    policy: FromQuery[str] = "",
    pattern: FromQuery[str] = "",
    scale: FromQuery[Scale] = "log",
    case: FromQuery[str | None] = None,
    caption: FromQuery[bool] = True,
) -> Asked:
    """Some of a session's cases, and how they are drawn. Raises: UsageError for what cannot be read."""
    return Asked.read(
        transport=transport,
        consumers=consumers,
        size=size,
        policy=policy,
        pattern=pattern,
        scale=scale,
        case=case,
        caption=caption,
    )


READING = {
    "reading": Provide(_reading, sync_to_thread=False),
    "site_url": Provide(_site_url, sync_to_thread=False),
    "asked": Provide(_asked, sync_to_thread=False),
}
"""What a route may ask for by name."""

FromReading = NamedDependency[Reading]
FromAsked = NamedDependency[Asked]
SiteUrl = NamedDependency[str]
