"""``/compare``: two to six sessions beside each other."""

from __future__ import annotations

__all__ = ["compare_data", "compare_page", "compare_picture"]

from collections.abc import Sequence
from pathlib import PurePath
from typing import Annotated, Any

from anyio.to_thread import run_sync
from litestar import MediaType, Request, Response, get
from litestar.params import FromPath, QueryParameter

from queuemark.model.errors import NotFound
from queuemark.store.rows import SessionRow
from queuemark.views.picture import PICTURES
from queuemark.views.theme import Spec, uncaptioned
from queuemark.web.data.asked import Asked
from queuemark.web.data.compare import ComparePage, asked_ids, compare, narrowed
from queuemark.web.documents import settled, version_of
from queuemark.web.openapi import answering
from queuemark.web.pages import page_html
from queuemark.web.pictures import etag_of
from queuemark.web.reading import FromAsked, FromReading, Reading, SiteUrl

Sessions = Annotated[
    list[str] | None,
    QueryParameter(name="sessions", description="2 to 6 ids, with commas between or each by itself"),
]


@get("/compare", media_type=MediaType.HTML, sync_to_thread=True, include_in_schema=False)
def compare_page(reading: FromReading, site_url: SiteUrl, asked: FromAsked, sessions: Sessions = None) -> str:
    """Sessions against the first of them; without any, what to name."""
    return page_html("compare.html", _compared(reading, sessions, asked), site_url)


@get("/api/compare", sync_to_thread=True)
def compare_data(reading: FromReading, asked: FromAsked, sessions: Sessions = None) -> ComparePage:
    """Ratios, intervals and verdicts, case by case."""
    return _compared(reading, sessions, asked)


@get("/compare/{name:str}", operation_class=answering("image/svg+xml", "image/png", "application/json"))
async def compare_picture(
    reading: FromReading,
    request: Request[Any, Any, Any],
    name: FromPath[str],
    asked: FromAsked,
    sessions: Sessions = None,
) -> Response[bytes]:
    """name: ``picture`` and how it is drawn: ``.svg``, ``.png`` or ``.json``."""
    ending = PurePath(name).suffix
    if PurePath(name).stem != "picture" or ending not in PICTURES:
        raise NotFound(f"there is no picture {name!r}")
    rows = await run_sync(_rows, reading, asked_ids(sessions or ()))
    etag = etag_of("compare", [version_of(row) for row in rows], asked)
    lasting = all(map(settled, rows))
    return await reading.pictures.answer(request, etag, ending, lambda: _chart(reading, rows, asked), lasting=lasting)


def _rows(reading: Reading, ids: Sequence[str]) -> list[SessionRow]:
    return [reading.record.session_row(each) for each in ids]


def _chart(reading: Reading, rows: Sequence[SessionRow], asked: Asked) -> Spec:
    # What computes intervals takes long to load, and no other picture needs it.
    from queuemark.views.compared_chart import compared_chart

    documents = [reading.documents.of(row) for row in rows]
    spec = compared_chart(narrowed(documents, asked.selection), scale=asked.scale)
    return spec if asked.caption else uncaptioned(spec)


def _compared(reading: Reading, sessions: list[str] | None, asked: Asked) -> ComparePage:
    shown = [reading.session(each) for each in asked_ids(sessions or ())]
    return compare([each.row for each in shown], [each.document for each in shown], asked)
