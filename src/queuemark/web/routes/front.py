"""``/`` and ``/submit``: what a reader sees first, and how to take part."""

from __future__ import annotations

__all__ = ["front_data", "front_page", "submit_page"]

from litestar import MediaType, get

from queuemark.web.data.front import FrontPage, front
from queuemark.web.data.plain import submit
from queuemark.web.pages import page_html
from queuemark.web.reading import FromReading, SiteUrl


@get("/", media_type=MediaType.HTML, sync_to_thread=True, include_in_schema=False)
def front_page(reading: FromReading, site_url: SiteUrl) -> str:
    """Results first."""
    return page_html("front.html", front(reading.record), site_url)


@get("/api/front", sync_to_thread=True)
def front_data(reading: FromReading) -> FrontPage:
    """The best of each mechanism, and the newest sessions."""
    return front(reading.record)


@get("/submit", media_type=MediaType.HTML, sync_to_thread=False, include_in_schema=False)
def submit_page(site_url: SiteUrl) -> str:
    """How to measure and to submit."""
    return page_html("submit.html", submit(), site_url)
