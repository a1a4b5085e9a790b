"""``/sessions/{id}``: one session, a question at a time, and its raw data by the address's ending."""

from __future__ import annotations

__all__ = ["case_data", "case_page", "edit_page", "session_data", "session_page"]

from typing import Annotated

import msgspec
from litestar import MediaType, Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from queuemark.analysis.estimates import with_estimates
from queuemark.model.errors import Withdrawn
from queuemark.web.data.asked import FIRST_VIEW, Asked
from queuemark.web.data.case import CasePage, case
from queuemark.web.data.plain import edit, tombstone
from queuemark.web.data.raw import Level, raw
from queuemark.web.data.session import SessionPage, session
from queuemark.web.pages import page_html
from queuemark.web.reading import FromAsked, FromReading, Reading, SiteUrl

_CASE = "/sessions/{session_id:str}/cases/{key:str}"

Everything = Annotated[bool, QueryParameter(name="all", description="tables are not cut")]


@get("/sessions/{name:str}", media_type=MediaType.HTML, sync_to_thread=True, include_in_schema=False)
def session_page(
    reading: FromReading,
    site_url: SiteUrl,
    name: FromPath[str],
    asked: FromAsked,
    view: FromQuery[str] = FIRST_VIEW,
    everything: Everything = False,
    level: FromQuery[Level] = "trial",
) -> Response[str] | Response[bytes]:
    """name: the session's id, with an ending for its raw data."""
    session_id, _, ending = name.partition(".")
    if ending:
        return _raw(reading, session_id, ending, level, asked.case)
    try:
        page = _page(reading, session_id, _of(asked, view, everything))
    except Withdrawn as gone:
        left = tombstone(gone.session_id, gone.withdrawn_at)
        return Response(page_html("tombstone.html", left, site_url), media_type=MediaType.HTML, status_code=410)
    return Response(page_html("session.html", page, site_url), media_type=MediaType.HTML)


@get("/api/sessions/{session_id:str}", sync_to_thread=True)
def session_data(
    reading: FromReading,
    session_id: FromPath[str],
    asked: FromAsked,
    view: FromQuery[str] = FIRST_VIEW,
    everything: Everything = False,
) -> SessionPage:
    """A session's answer to one question, about all its cases or some."""
    return _page(reading, session_id, _of(asked, view, everything))


@get(
    _CASE,
    media_type=MediaType.HTML,
    sync_to_thread=True,
    include_in_schema=False,
)
def case_page(reading: FromReading, site_url: SiteUrl, session_id: FromPath[str], key: FromPath[str]) -> str:
    """One case in full."""
    shown = reading.session(session_id)
    return page_html("case.html", case(shown.row, shown.document, key), site_url)


@get(f"/api{_CASE}", sync_to_thread=True)
def case_data(reading: FromReading, session_id: FromPath[str], key: FromPath[str]) -> CasePage:
    """Every trial and every consumer of one case."""
    shown = reading.session(session_id)
    return case(shown.row, shown.document, key)


@get("/sessions/{session_id:str}/edit", media_type=MediaType.HTML, sync_to_thread=True, include_in_schema=False)
def edit_page(reading: FromReading, site_url: SiteUrl, session_id: FromPath[str]) -> str:
    """The form for details; who may use it is asked when it is sent."""
    shown = reading.session(session_id)
    return page_html("edit.html", edit(shown.row, reading.record.details(session_id), shown.document), site_url)


def _of(asked: Asked, view: str, everything: bool) -> Asked:
    return msgspec.structs.replace(asked, view=view, everything=everything, case=None)


def _page(reading: Reading, session_id: str, asked: Asked) -> SessionPage:
    shown = reading.session(session_id, asked.view)
    return session(shown.row, reading.record.details(session_id), shown.document, asked)


def _raw(reading: Reading, session_id: str, ending: str, level: Level, case_key: str | None) -> Response[bytes]:
    row = reading.record.session_row(session_id)
    found = raw(row, with_estimates(reading.record.document(session_id)), ending, level, case_key)
    headers = {"content-disposition": f'inline; filename="{found.name}"'}
    return Response(found.content, media_type=found.media_type, headers=headers)
