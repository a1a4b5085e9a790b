"""``/openapi.json`` and ``/docs``: what the site answers to programs, for them and for who writes them."""

from __future__ import annotations

__all__ = ["docs_page", "openapi"]

import msgspec
from litestar import MediaType, Response, get
from litestar.datastructures import State

from queuemark.web.data.api import api
from queuemark.web.pages import page_html
from queuemark.web.reading import SiteUrl


@get("/openapi.json", sync_to_thread=True, include_in_schema=False)
def openapi(state: State) -> Response[bytes]:
    """The interface in words of OpenAPI 3.1."""
    return Response(msgspec.json.encode(state.openapi()), media_type=MediaType.JSON)


@get("/docs", media_type=MediaType.HTML, sync_to_thread=True, include_in_schema=False)
def docs_page(state: State, site_url: SiteUrl) -> str:
    """The interface as a page."""
    return page_html("docs.html", api(state.openapi()), site_url)
