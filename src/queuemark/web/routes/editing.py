"""``POST /sessions/{id}/details`` and ``/withdraw``: what only the holder of a session's token may do.

To anybody else there is no such session.
"""

from __future__ import annotations

__all__ = ["edit_details", "withdraw_session"]

from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import MediaType, Request, Response, post
from litestar.datastructures import State
from litestar.params import FromPath

from queuemark.model.details import Details
from queuemark.web.body import inflated, received, worked
from queuemark.web.openapi import taking
from queuemark.web.problem import Refusal, wants_json
from queuemark.web.reading import SiteUrl

FORM = "application/x-www-form-urlencoded"

_FIELDS_HIGH = 32
_SAID_HIGH_BYTES = 64 * 1024
"""As sent and inflated: the longest notes, each character of them written as twelve, have 48,000. So little is read
in no time, and nothing waits for it."""

_PURPOSE = "the token of the session's private link; a form may have it as its field token"


@post(
    "/sessions/{session_id:str}/details",
    status_code=200,
    operation_class=taking({"application/json": "Details", FORM: "Details"}, token=_PURPOSE),
)
async def edit_details(
    request: Request[Any, Any, Any], state: State, site_url: SiteUrl, session_id: FromPath[str]
) -> Response[Details]:
    """Puts a person's words beside a session, in the place of all that were there."""
    said = await _said(request)
    token = _token(request, said)
    details = _details(said)
    await worked(request, lambda: state.record.edit(session_id, token, details))
    return _done(request, details, "the details are changed", f"{site_url}/sessions/{session_id}")


@post("/sessions/{session_id:str}/withdraw", status_code=200, operation_class=taking({}, token=_PURPOSE))
async def withdraw_session(
    request: Request[Any, Any, Any], state: State, site_url: SiteUrl, session_id: FromPath[str]
) -> Response[None]:
    """Erases a session for good; that it was here and was withdrawn is all that is left."""
    token = _token(request, await _said(request))
    await worked(request, lambda: state.record.withdraw(session_id, token))
    return _done(request, None, "the session is withdrawn", f"{site_url}/sessions/{session_id}")


async def _said(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The fields of a form or of an object in JSON; empty of an empty body.

    Raises: Refusal.
    """
    async with received(request, _SAID_HIGH_BYTES) as body:
        content = inflated(body, _SAID_HIGH_BYTES)
    form = request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM
    try:
        if form:
            return dict(parse_qsl(content.decode(), keep_blank_values=True, max_num_fields=_FIELDS_HIGH))
        return msgspec.json.decode(content, type=dict[str, Any]) if content.strip() else {}
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"the body is no {'form' if form else 'object in JSON'}: {error}") from error


def _token(request: Request[Any, Any, Any], said: dict[str, Any]) -> str:
    """What is no token fits no session, and is answered like one that does not fit."""
    typed = said.pop("token", "")
    return request.headers.get("queuemark-token") or (typed.strip() if isinstance(typed, str) else "")


def _details(said: dict[str, Any]) -> Details:
    """Raises: Refusal with the field."""
    fields = {name: value for name, value in said.items() if value not in ("", None)}
    try:
        return msgspec.convert(fields, Details, strict=False)
    except msgspec.ValidationError as error:
        raise Refusal(422, f"these details cannot be kept: {error}") from error


def _done(request: Request[Any, Any, Any], content: Details | None, words: str, view: str) -> Response[Any]:
    """For a program what is kept, for a reader the page that shows it, for a terminal a line."""
    if wants_json(request):
        return Response(content, media_type=MediaType.JSON)
    if "text/html" in request.headers.get("accept", ""):
        return Response(None, status_code=303, media_type=MediaType.TEXT, headers={"location": view})
    return Response(f"{words}: {view}\n", media_type=MediaType.TEXT)
