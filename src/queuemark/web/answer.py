"""How a finished answer goes over the wire: not again when the reader has it, and packed when that is worth it.

1. An answer to GET has an ETag, by its content where the route gives none; who names it is told 304.
2. Text of more than a kilobyte is sent as zstd or gzip to those who take it.
3. An answer that is made bit by bit passes as it is.
"""

from __future__ import annotations

__all__ = ["sent_once"]

import zlib
from hashlib import sha256
from http import HTTPStatus

import zstandard
from anyio import to_thread
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import (
    ASGIApp,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    HTTPScope,
    Message,
    Receive,
    Scope,
    Send,
)

from queuemark.web.gate import header

PACKED_LOW_BYTES = 1024
LONG_BYTES = 256 * 1024

_TEXT = (
    "text/",
    "application/json",
    "application/problem+json",
    "application/xml",
    "image/svg+xml",
    "application/openapi",
)


def sent_once(app: ASGIApp) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "GET":
            await app(scope, receive, send)
            return
        http = scope
        held: list[HTTPResponseStartEvent] = []

        async def finished(message: Message) -> None:
            if message["type"] == "http.response.start":
                held.append(message)
                return
            if held:
                start = held.pop()
                if message["type"] == "http.response.body" and not message["more_body"]:
                    message = await _prepared_aside(http, start, message)
                await send(start)
            await send(message)

        await app(scope, receive, finished)

    return answer


async def _prepared_aside(
    scope: HTTPScope, start: HTTPResponseStartEvent, body: HTTPResponseBodyEvent
) -> HTTPResponseBodyEvent:
    """What takes long is done in a thread: nobody else's answer waits for it."""
    if len(body["body"]) < LONG_BYTES:
        return _prepared(scope, start, body)
    return await to_thread.run_sync(_prepared, scope, start, body)


def _prepared(scope: HTTPScope, start: HTTPResponseStartEvent, body: HTTPResponseBodyEvent) -> HTTPResponseBodyEvent:
    """The body as this reader is to get it; what has to be said of it is written into the start."""
    headers = MutableScopeHeaders.from_message(start)
    content = body["body"]
    if start["status"] == HTTPStatus.OK:
        headers.setdefault("etag", f'W/"{sha256(content).hexdigest()[:20]}"')
        if _has_it(scope, headers["etag"]):
            start["status"] = HTTPStatus.NOT_MODIFIED
            del headers["content-length"]
            return {**body, "body": b""}
    if len(content) < PACKED_LOW_BYTES or not headers["content-type"].startswith(_TEXT):
        return body
    headers.extend_header_value("vary", "accept-encoding")
    coding = _coding(header(scope, "accept-encoding") or "")
    if coding is None or "content-encoding" in headers:
        return body
    packed = _PACKERS[coding](content)
    headers["content-encoding"], headers["content-length"] = coding, str(len(packed))
    return {**body, "body": packed}


def _has_it(scope: HTTPScope, etag: str) -> bool:
    known = {part.strip().removeprefix("W/") for part in (header(scope, "if-none-match") or "").split(",")}
    return etag.removeprefix("W/") in known or "*" in known


def _coding(accepted: str) -> str | None:
    """The first of ours that a reader takes; what it gives no weight it does not take."""
    offers = (part.replace(" ", "").lower().partition(";q=") for part in accepted.split(","))
    taken = {name for name, _, weight in offers if weight.strip("0.") or not weight}
    return next((coding for coding in _PACKERS if coding in taken), None)


def _gzip(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return packer.compress(content) + packer.flush()


def _zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(content)


_PACKERS = {"zstd": _zstd, "gzip": _gzip}
