"""Pictures of sessions: as files, in a frame, and as a badge."""

from __future__ import annotations

__all__ = ["badge", "embed_page", "session_picture"]

from pathlib import PurePath
from typing import Any

import msgspec
from anyio.to_thread import run_sync
from litestar import MediaType, Request, Response, get
from litestar.params import FromPath

from queuemark.model.errors import NotFound
from queuemark.model.plan import case_key
from queuemark.model.session import SessionDocument
from queuemark.views.picture import PICTURES
from queuemark.views.registry import VIEWS
from queuemark.views.selection import selected
from queuemark.views.theme import Spec, uncaptioned
from queuemark.web.badge import badge_svg
from queuemark.web.data.asked import Asked
from queuemark.web.data.plain import embed
from queuemark.web.documents import settled, version_of
from queuemark.web.openapi import answering
from queuemark.web.pages import page_html
from queuemark.web.pictures import etag_of, picture_response
from queuemark.web.reading import FromAsked, FromReading, SiteUrl

FRAMED_POLICY = "default-src 'self'; img-src 'self'; frame-ancestors *; base-uri 'none'; object-src 'none'"


@get(
    "/sessions/{session_id:str}/pictures/{name:str}",
    operation_class=answering("image/svg+xml", "image/png", "application/json"),
)
async def session_picture(
    reading: FromReading,
    request: Request[Any, Any, Any],
    session_id: FromPath[str],
    name: FromPath[str],
    asked: FromAsked,
) -> Response[bytes]:
    """name: the view and how it is drawn: ``rates.svg``, ``rates.png``, or its specification, ``rates.json``."""
    view, ending = PurePath(name).stem, PurePath(name).suffix
    if view not in VIEWS or VIEWS[view].chart is None or ending not in PICTURES:
        raise NotFound(f"there is no picture {name!r}")
    asked = msgspec.structs.replace(asked, view=view)
    row = await run_sync(reading.record.session_row, session_id)
    etag = etag_of(version_of(row), asked)
    return await reading.pictures.answer(
        request,
        etag,
        ending,
        lambda: _chart(reading.session(session_id, view).document, asked),
        lasting=settled(row),
    )


def _chart(document: SessionDocument, asked: Asked) -> Spec:
    """Raises: UsageError where the cases asked for have nothing to draw."""
    spec = _captioned(document, asked)
    return spec if asked.caption else uncaptioned(spec)


def _captioned(document: SessionDocument, asked: Asked) -> Spec:
    chart = VIEWS[asked.view].chart
    assert chart is not None, "asked of a view that has one"
    if asked.case is not None:
        cases = [result for result in document.cases if case_key(result.case) == asked.case]
        return chart(msgspec.structs.replace(document, cases=cases), scale=asked.scale)
    return chart(selected(document, asked.selection), scale=asked.scale)


@get("/sessions/{session_id:str}/embed/{view:str}", media_type=MediaType.HTML, sync_to_thread=True)
def embed_page(
    reading: FromReading, site_url: SiteUrl, session_id: FromPath[str], view: FromPath[str], asked: FromAsked
) -> Response[str]:
    """A picture alone, for a frame in somebody else's page."""
    if view not in VIEWS or VIEWS[view].chart is None:
        raise NotFound(f"there is no picture {view!r}")
    shown = reading.session(session_id)
    page = embed(shown.row, shown.document, msgspec.structs.replace(asked, view=view))
    headers = {"content-security-policy": FRAMED_POLICY}
    return Response(page_html("embed.html", page, site_url), media_type=MediaType.HTML, headers=headers)


@get("/sessions/{session_id:str}/badge.svg", sync_to_thread=True, operation_class=answering("image/svg+xml"))
def badge(reading: FromReading, request: Request[Any, Any, Any], session_id: FromPath[str]) -> Response[bytes]:
    """The highest proved rate of a session, small enough for a line of text."""
    shown = reading.session(session_id)
    etag = etag_of(version_of(shown.row), "badge")
    return picture_response(
        request, etag, ".svg", lambda: badge_svg(shown.row, shown.document), lasting=settled(shown.row)
    )
