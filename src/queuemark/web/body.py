"""What is posted: read as it comes, never more than is allowed, and inflated by a bounded number of requests at once.

1. A body that is too large is refused as soon as that is known: by what its length is said to be, or at the byte that
   is too many. It is never read whole. Of all together only so many bytes wait here.
2. gzip and zstd are inflated bit by bit; what grows beyond its bound is refused there, whatever it would have become.
3. A coding that is broken, cut off or followed by something else is 400; one that is not known 415.
"""

from __future__ import annotations

__all__ = ["Body", "Waiting", "inflated", "received", "worked"]

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Protocol, TypeVar

import zstandard
from anyio import to_thread
from litestar import Request

from queuemark.model.errors import QueuemarkError
from queuemark.model.units import format_bytes
from queuemark.web.problem import Refusal
from queuemark.web.settings import Settings

_PIECE_BYTES = 512
"""Of packed bytes at once: zstd makes up to 128 KiB of four of them."""

_FRAMES_HIGH = 1024
"""Packed one after the other: an empty one costs as much as a good one."""

_GZIP = 31
_WINDOW_HIGH_BYTES = 64 * 1024 * 1024
"""Of a frame that was packed in one go the window is all of it."""

_PACK = (
    "send it packed, as queuemark submit does, or with: "
    "zstd FILE && curl --header 'Content-Encoding: zstd' --data-binary @FILE.zst URL"
)

T = TypeVar("T")


class Body(NamedTuple):
    """As it was sent. coding: in lower case; empty for none."""

    sent: bytes | bytearray
    coding: str


class _Inflater(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes | bytearray, /) -> bytes: ...


class Waiting:
    """Bytes that have come and whose request is not answered yet, of all requests of one event loop.

    They are counted, not the requests: who sends slowly holds little, and keeps nobody out.
    """

    def __init__(self, high_bytes: int) -> None:
        self._high_bytes = high_bytes
        self._held_bytes = 0

    def add(self, count: int) -> None:
        """Raises: Refusal where there is no room for so many."""
        if self._held_bytes + count > self._high_bytes:
            raise Refusal(503, "too many bodies are waiting here; send it again soon", headers={"retry-after": "5"})
        self._held_bytes += count

    def free(self, count: int) -> None:
        self._held_bytes -= count


@asynccontextmanager
async def received(request: Request[Any, Any, Any], high_bytes: int | None = None) -> AsyncIterator[Body]:
    """The request's body, within the site's bounds of size and time; its bytes wait while inside.

    high_bytes: of a route that takes less than the site does; None: what the site takes.

    Raises: Refusal.
    """
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding not in _INFLATERS:
        known = " and ".join(name for name in _INFLATERS if name)
        raise Refusal(415, f"Content-Encoding {coding!r} is not known here; {known} are, and none at all")
    sent = bytearray()
    try:
        await _read(request, sent, high_bytes)
        yield Body(sent, coding)
    finally:
        request.app.state.waiting.free(len(sent))


async def _read(request: Request[Any, Any, Any], sent: bytearray, less_bytes: int | None) -> None:
    """Every byte in ``sent`` is one that waits."""
    settings: Settings = request.app.state.settings
    waiting: Waiting = request.app.state.waiting
    high_bytes, remedy = (settings.body_high_bytes, _PACK) if less_bytes is None else (less_bytes, "send less")
    _check_length(request, high_bytes, remedy)
    try:
        async with asyncio.timeout(settings.body_timeout_s):
            async for chunk in _chunks(request):
                waiting.add(len(chunk))
                sent += chunk
                if len(sent) > high_bytes:
                    raise _too_large(high_bytes, remedy)
    except TimeoutError as error:
        raise Refusal(408, f"the body did not come within {settings.body_timeout_s:.0f} s; send it packed") from error


def _check_length(request: Request[Any, Any, Any], high_bytes: int, remedy: str) -> None:
    said = request.headers.get("content-length", "0")
    if said.isdecimal() and int(said) > high_bytes:
        raise _too_large(high_bytes, remedy)


def _too_large(high_bytes: int, remedy: str) -> Refusal:
    return Refusal(413, f"the body is larger than {format_bytes(high_bytes)}; {remedy}")


async def _chunks(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    while True:
        event = await request.receive()
        if event["type"] == "http.disconnect":
            raise Refusal(400, "the connection ended before the body did")
        if event["type"] == "http.request":
            yield event["body"]
            if not event["more_body"]:
                return


def inflated(body: Body, high_bytes: int) -> bytes | bytearray:
    """What was packed into the body.

    Raises: Refusal.
    """
    make = _INFLATERS[body.coding]
    if make is None:
        return body.sent
    content = bytearray()
    try:
        for piece in _inflate(body.sent, make):
            content += piece
            if len(content) > high_bytes:
                raise Refusal(413, f"the body is larger than {format_bytes(high_bytes)} when inflated; send less")
    except (zlib.error, zstandard.ZstdError, EOFError) as error:
        raise Refusal(400, f"the body is not whole {body.coding}: {error}; pack it again") from error
    return content


def _inflate(packed: bytes | bytearray, make: Callable[[], _Inflater]) -> Iterator[bytes]:
    """Piece by piece; several frames one after the other are one body, as gzip(1) and zstd(1) have it."""
    at = 0
    for _ in range(_FRAMES_HIGH):
        inflater = make()
        while not inflater.eof:
            if at == len(packed):
                raise EOFError("it ends in the middle")
            piece = packed[at : at + _PIECE_BYTES]
            at += len(piece)
            yield inflater.decompress(piece)
        at -= len(inflater.unused_data)
        if at == len(packed):
            return
    raise EOFError(f"it has more than {_FRAMES_HIGH} frames")


def _gzip() -> _Inflater:
    return zlib.decompressobj(wbits=_GZIP)


def _zstd() -> _Inflater:
    inflater: _Inflater = zstandard.ZstdDecompressor(max_window_size=_WINDOW_HIGH_BYTES).decompressobj()
    return inflater


_INFLATERS: dict[str, Callable[[], _Inflater] | None] = {"": None, "identity": None, "gzip": _gzip, "zstd": _zstd}


async def worked(request: Request[Any, Any, Any], work: Callable[[], T]) -> T:
    """What the work returns, done in a thread, of which only so many run at once: each may hold an inflated body."""
    outcome = await to_thread.run_sync(_outcome, work, limiter=request.app.state.decoding)
    try:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome
    finally:
        # A frame that holds what it raised is a cycle: it would live on, and the body with it, until garbage is
        # looked for. The future of a thread that raises is one, too.
        del outcome


def _outcome(work: Callable[[], T]) -> T | Exception:
    """What the work returns, or why it refuses, without the frames that led there: they hold what was inflated."""
    try:
        return work()
    except (Refusal, QueuemarkError) as error:
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)
