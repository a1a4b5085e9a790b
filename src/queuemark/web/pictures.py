"""Pictures, each drawn once and kept while there is room: to draw one takes longer than any page.

1. Only so many are drawn at the same time as leave the site able to answer; the others wait in a line of their own,
   beside which pages pass, and whose end is refused.
2. Who has a picture already is told so before anything is drawn.
3. Where there is nothing to draw, the SVG says why: it stands where a reader looks.
"""

from __future__ import annotations

__all__ = ["Pictures", "etag_of", "picture_response"]

import textwrap
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from html import escape
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from litestar import Request, Response

from queuemark import __version__
from queuemark.model.errors import UsageError
from queuemark.views.picture import draw
from queuemark.views.theme import Spec
from queuemark.web.bounded import Bounded
from queuemark.web.problem import Refusal

_HIGH_BYTES = 64 * 1024 * 1024
_DRAWN_AT_ONCE = 2
_WAITING_HIGH = 64
_LINE_CHARACTERS = 90
_LINE_PIXELS = 22


def etag_of(*told: object) -> str:
    """told: everything that the picture depends on but for this program."""
    return f'"{sha256(repr((__version__, told)).encode()).hexdigest()[:20]}"'


_MEDIA_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".json": "application/json"}

_HEADERS = {
    # A picture styles itself, and can do nothing else wherever it is opened.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    # They may stand in pages of other sites; nothing else may.
    "cross-origin-resource-policy": "cross-origin",
}

_LASTING, _PASSING = "public, max-age=86400", "no-cache"


def picture_response(
    request: Request[Any, Any, Any], etag: str, ending: str, content: Callable[[], bytes], *, lasting: bool
) -> Response[bytes]:
    """content: is asked for nothing when the reader has it already. lasting: it stays as it is for long."""
    headers = {**_HEADERS, "cache-control": _LASTING if lasting else _PASSING, "etag": etag}
    if etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(content(), media_type=_MEDIA_TYPES[ending], headers=headers)


class Pictures:
    """Of one site, while it runs."""

    def __init__(self, high_bytes: int = _HIGH_BYTES) -> None:
        self._kept: Bounded[tuple[str, str], bytes] = Bounded(high_bytes, len)
        self._turns = CapacityLimiter(_DRAWN_AT_ONCE)

    async def answer(
        self, request: Request[Any, Any, Any], etag: str, ending: str, chart: Callable[[], Spec], *, lasting: bool
    ) -> Response[bytes]:
        """ending: ``.svg``, ``.png`` or ``.json``. etag: of what chart draws. lasting: it draws the same for long.

        Raises: UsageError where there is nothing to draw, and the picture is no SVG; Refusal where too many wait.
        """
        if etag in request.headers.get("if-none-match", ""):
            return picture_response(request, etag, ending, bytes, lasting=lasting)
        content = self._kept.find((etag, ending))
        if content is None:
            if self._turns.statistics().tasks_waiting >= _WAITING_HIGH:
                raise Refusal(503, "too many pictures are being drawn; ask again soon", headers={"retry-after": "5"})
            made = partial(self._kept.get, (etag, ending), partial(_drawn, ending, chart))
            content = await run_sync(made, limiter=self._turns)
        return picture_response(request, etag, ending, partial(bytes, content), lasting=lasting)


def _drawn(ending: str, chart: Callable[[], Spec]) -> bytes:
    try:
        return draw(chart, f"picture{ending}")
    except UsageError as error:
        if ending != ".svg":
            raise
        return _said(str(error))


def _said(text: str) -> bytes:
    """The words as a picture that is read in light and in dark."""
    lines = textwrap.wrap(text, _LINE_CHARACTERS, break_on_hyphens=False)
    height = _LINE_PIXELS * (len(lines) + 1)
    spans = "".join(
        f'<text x="16" y="{_LINE_PIXELS * place}">{escape(line)}</text>' for place, line in enumerate(lines, 1)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="760" height="{height}" viewBox="0 0 760 {height}">'
        f"<title>{escape(text)}</title><style>text{{font:15px sans-serif;fill:#57606a}}"
        f"@media (prefers-color-scheme:dark){{text{{fill:#a3abb3}}}}</style>{spans}</svg>\n"
    ).encode()
