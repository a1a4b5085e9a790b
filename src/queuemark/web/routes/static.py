"""``/static``: the style sheet, the scripts, and what draws pictures in a browser; nothing else is served from here."""

from __future__ import annotations

__all__ = ["static"]

from collections.abc import Callable
from functools import cache
from importlib.resources import files

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

_SNIPPET = "window.vegaEmbed = vegaEmbed;"
"""What a page needs of it."""

_KEPT = {"cache-control": "public, max-age=3600"}


def _vega() -> bytes:
    """Vega, Vega-Lite and what embeds them, of the versions that draw the pictures here."""
    import vl_convert

    bundle: str = vl_convert.javascript_bundle(_SNIPPET)
    return bundle.encode()


def _file(package: str, name: str) -> Callable[[], bytes]:
    return lambda: files(package).joinpath(name).read_bytes()


_FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "style.css": ("text/css; charset=utf-8", _file("queuemark.views", "style.css")),
    "icon.svg": ("image/svg+xml", _file("queuemark.web", "static/icon.svg")),
    "explore.js": ("text/javascript; charset=utf-8", _file("queuemark.web", "static/explore.js")),
    "token.js": ("text/javascript; charset=utf-8", _file("queuemark.web", "static/token.js")),
    "vega.js": ("text/javascript; charset=utf-8", _vega),
}


@get("/static/{name:str}", sync_to_thread=True, include_in_schema=False)
def static(name: FromPath[str]) -> Response[bytes]:
    """A file by its name."""
    if name not in _FILES:
        raise NotFoundException(f"no file {name!r} is served here")
    media_type, _ = _FILES[name]
    return Response(_content(name), media_type=media_type, headers=_KEPT)


@cache
def _content(name: str) -> bytes:
    return _FILES[name][1]()
