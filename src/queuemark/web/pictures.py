"""Pictures, each drawn once and kept while there is room: to draw one takes longer than any page.

1. Only so many are drawn at the same time as leave the site able to answer.
2. Who has a picture already is told so before anything is drawn.
3. Where there is nothing to draw, the SVG says why: it stands where a reader looks.
"""

from __future__ import annotations

__all__ = ["Pictures", "etag_of", "picture_answer"]

import textwrap
from collections.abc import Callable
from hashlib import sha256
from html import escape
from threading import BoundedSemaphore
from typing import Any

from litestar import Request, Response

from queuemark import __version__
from queuemark.model.errors import UsageError
from queuemark.views.picture import draw
from queuemark.views.theme import Spec
from queuemark.web.bounded import Bounded

_HIGH_BYTES = 64 * 1024 * 1024
_DRAWN_AT_ONCE = 2
_LINE_CHARACTERS = 90
_LINE_PIXELS = 22


def etag_of(*told: object) -> str:
    """told: everything that the picture depends on but for this program."""
    return f'"{sha256(repr((__version__, told)).encode()).hexdigest()[:20]}"'


_MEDIA_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".json": "application/json"}

_HEADERS = {
    # A picture styles itself, and can do nothing else wherever it is opened.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "cache-control": "public, max-age=86400",
}


def picture_answer(
    request: Request[Any, Any, Any], etag: str, ending: str, made: Callable[[], bytes]
) -> Response[bytes]:
    """made: is asked for nothing when the reader has the picture already."""
    headers = {**_HEADERS, "etag": etag}
    if etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(made(), media_type=_MEDIA_TYPES[ending], headers=headers)


class Pictures:
    """Safe for threads."""

    def __init__(self, high_bytes: int = _HIGH_BYTES) -> None:
        self._kept: Bounded[tuple[str, str], bytes] = Bounded(high_bytes, len)
        self._drawing = BoundedSemaphore(_DRAWN_AT_ONCE)

    def of(self, etag: str, ending: str, chart: Callable[[], Spec]) -> bytes:
        """ending: ``.svg``, ``.png`` or ``.json``. etag: of what chart draws.

        Raises: UsageError where there is nothing to draw, and the picture is no SVG.
        """
        return self._kept.get((etag, ending), lambda: self._drawn(ending, chart))

    def _drawn(self, ending: str, chart: Callable[[], Spec]) -> bytes:
        with self._drawing:
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
