"""What a browser fetches to show a page, as it comes over the wire: the page, its styles, scripts and pictures."""

from __future__ import annotations

__all__ = ["weight_bytes"]

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from bench.site.server import get

_FETCHED = {"script": "src", "img": "src", "link": "href"}
_LINKED = {"stylesheet", "icon"}


class _Fetched(HTMLParser):
    """The addresses of what is fetched without anybody's doing."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        address = told.get(_FETCHED.get(tag, ""))
        if address and (tag != "link" or _LINKED & set((told.get("rel") or "").split())):
            self.found.append(address)


def weight_bytes(url: str, path: str) -> int:
    """Bodies alone, packed where the site packs them. Raises: QueuemarkError for what is not answered."""
    body = get(url, path, accept="text/html", unpacked=True)
    page = _Fetched()
    page.feed(body.decode())
    own = [urljoin(path, address) for address in dict.fromkeys(page.found) if not urlsplit(address).scheme]
    return sum(len(get(url, each)) for each in (path, *own))
