"""``/sessions``: the list of sessions, by mechanism and machine."""

from __future__ import annotations

__all__ = ["sessions_data", "sessions_page"]

from litestar import MediaType, get
from litestar.params import FromQuery

from queuemark.web.data.sessions import SessionsPage, sessions
from queuemark.web.numbers import FromPosition
from queuemark.web.pages import page_html
from queuemark.web.reading import FromReading, SiteUrl


@get("/sessions", media_type=MediaType.HTML, sync_to_thread=True, include_in_schema=False)
def sessions_page(
    reading: FromReading,
    site_url: SiteUrl,
    transport: FromQuery[str | None] = None,
    system: FromQuery[str | None] = None,
    release: FromQuery[str | None] = None,
    processor: FromQuery[str | None] = None,
    before: FromPosition = None,
) -> str:
    """Sessions that fit, the newest first."""
    page = sessions(reading.record, transport, system, release, processor, before)
    return page_html("sessions.html", page, site_url)


@get("/api/sessions", sync_to_thread=True)
def sessions_data(
    reading: FromReading,
    transport: FromQuery[str | None] = None,
    system: FromQuery[str | None] = None,
    release: FromQuery[str | None] = None,
    processor: FromQuery[str | None] = None,
    before: FromPosition = None,
) -> SessionsPage:
    """Sessions that fit, the newest first; ``older`` leads to the next of them."""
    return sessions(reading.record, transport, system, release, processor, before)
