"""``/platforms``: machines with equal facts, and what was measured on them."""

from __future__ import annotations

__all__ = ["platform_data", "platform_page", "platforms_data", "platforms_page"]

from litestar import MediaType, get
from litestar.params import FromPath, FromQuery

from queuemark.web.data.platforms import PlatformPage, PlatformsPage, platform, platforms
from queuemark.web.numbers import FromCount, FromPosition
from queuemark.web.pages import page_html
from queuemark.web.reading import FromReading, SiteUrl


@get("/platforms", media_type=MediaType.HTML, sync_to_thread=True, include_in_schema=False)
def platforms_page(
    reading: FromReading,
    site_url: SiteUrl,
    system: FromQuery[str | None] = None,
    release: FromQuery[str | None] = None,
    processor: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
) -> str:
    """Platforms that fit."""
    page = platforms(reading.record, system, release, processor, after)
    return page_html("platforms.html", page, site_url)


@get("/api/platforms", sync_to_thread=True)
def platforms_data(
    reading: FromReading,
    system: FromQuery[str | None] = None,
    release: FromQuery[str | None] = None,
    processor: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
) -> PlatformsPage:
    """Platforms that fit; ``more`` leads to the next of them."""
    return platforms(reading.record, system, release, processor, after)


@get("/platforms/{platform_id:str}", media_type=MediaType.HTML, sync_to_thread=True, include_in_schema=False)
def platform_page(
    reading: FromReading,
    site_url: SiteUrl,
    platform_id: FromPath[str],
    size: FromQuery[str] = "64",
    consumers: FromCount = 1,
    before: FromPosition = None,
) -> str:
    """One platform, its sessions, and the fastest there at one size."""
    return page_html("platform.html", platform(reading.record, platform_id, size, consumers, before), site_url)


@get("/api/platforms/{platform_id:str}", sync_to_thread=True)
def platform_data(
    reading: FromReading,
    platform_id: FromPath[str],
    size: FromQuery[str] = "64",
    consumers: FromCount = 1,
    before: FromPosition = None,
) -> PlatformPage:
    """One platform, its sessions, and the fastest there at one size."""
    return platform(reading.record, platform_id, size, consumers, before)
