"""``POST /sessions``: a session that was measured elsewhere comes into the record."""

from __future__ import annotations

__all__ = ["submit_session"]

from typing import Any

from litestar import Request, Response, post
from litestar.datastructures import State

from queuemark.web.body import inflated, received, worked
from queuemark.web.openapi import taking
from queuemark.web.reading import SiteUrl
from queuemark.web.receipt import Submitted, submitted_answer
from queuemark.web.submission import Kept, decoded, keep, token_of


@post(
    ["/sessions", "/api/sessions"],
    operation_class=taking({"application/json": "SessionDocument"}, token="what the session shall be changed by"),
)
async def submit_session(request: Request[Any, Any, Any], state: State, site_url: SiteUrl) -> Response[Submitted]:
    """Puts a session into the record; the same one again is the same session, and the same answer."""
    token = token_of(request.headers.get("queuemark-token"))

    def work() -> Kept:
        document = decoded(inflated(body, state.settings.inflated_high_bytes))
        return keep(state.record, document, token=token)

    async with received(request) as body:
        kept = await worked(request, work)
    return submitted_answer(request, [kept], site_url)
