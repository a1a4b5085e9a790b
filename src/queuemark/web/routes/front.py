"""``/``: what a reader sees first."""

from __future__ import annotations

__all__ = ["front_page"]

from litestar import MediaType, get


@get("/", media_type=MediaType.HTML, sync_to_thread=False, include_in_schema=False)
def front_page() -> str:
    """What this site is."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>queuemark</title><h1>queuemark</h1>'
        "<p>The record of how fast messages move between processes.</p></html>"
    )
