"""Who is let in: hosts that are this site, posts that come from its own pages or from programs, and so many a second.

1. A page elsewhere cannot point its own name at a site on loopback and read it (DNS rebinding).
2. A page elsewhere cannot post here with a reader's browser. Programs send neither Origin nor Sec-Fetch-Site.
3. One address makes so many requests in the long run; who has none left is told when there will be one.
"""

from __future__ import annotations

__all__ = ["Bucket", "client_address", "host_guard", "origin_guard", "rate_guard", "text_guard"]

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import urlsplit

from litestar.types import HTTPScope

from queuemark.web.gate import Guard, header
from queuemark.web.problem import Refusal

POST_COSTS = 10
"""Requests that a post counts as: a session is decoded, judged and stored."""

_ADDRESSES_HIGH = 10_000
_SAFE = ("GET", "HEAD", "OPTIONS")
_OWN = ("same-origin", "none")


def host_guard(names: tuple[str, ...]) -> Guard:
    """names: in lower case, without port; the address that a request came in by is one, too. Empty: any name."""

    def guard(scope: HTTPScope) -> None:
        host = header(scope, "host") or ""
        if not _is_netloc(host):
            raise Refusal(400, f"the host {host[:80]!r} is no name of one; write it as in site.example:8000")
        if names and _name(host) not in names and _canonical(_name(host)) != _own_address(scope):
            raise Refusal(
                421,
                f"this site does not answer to {host!r}, only to {', '.join(names)}; "
                "whoever runs it can give it another name: queuemark serve --base-url",
            )

    return guard


def _own_address(scope: HTTPScope) -> str | None:
    """Of this end of the connection: who names it cannot have been led here by a name."""
    server = scope.get("server")
    return _canonical(server[0]) if server else None


def _is_netloc(host: str) -> bool:
    """Links are made of it: what cannot be parsed would be a mistake of the site's there."""
    try:
        _ = urlsplit(f"//{host}").port
    except ValueError:
        return False
    return True


def _name(netloc: str) -> str:
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""


def text_guard(scope: HTTPScope) -> None:
    """No text here holds a character of code 0, and a database may not even be asked for one."""
    if "\0" in scope["path"] or b"%00" in scope["query_string"]:
        raise Refusal(400, "the address holds a character of code 0; write it without")


def origin_guard(base_url: str | None) -> Guard:
    """base_url: the site as browsers see it, where that is not the host that a request names."""
    own = _netloc(base_url) if base_url else None

    def guard(scope: HTTPScope) -> None:
        if scope["method"] in _SAFE:
            return
        site, origin = header(scope, "sec-fetch-site"), header(scope, "origin")
        ours = {own, (header(scope, "host") or "").lower()} - {None, ""}
        foreign = origin is not None and _netloc(origin) not in ours
        if foreign or (site is not None and site not in _OWN):
            raise Refusal(403, "a page of another site cannot post here; send it from this site or from a program")

    return guard


def _netloc(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


class Bucket:
    """Tokens by address: each has ``burst`` at first and gets ``rate_per_s`` until it has so many again.

    Of addresses that were not seen for the longest time nothing is kept.
    """

    def __init__(self, rate_per_s: float, burst: float, now_s: Callable[[], float] = time.monotonic) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._now_s = now_s
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str, tokens: float) -> float:
        """0 when they were there and are taken; else the seconds until they will be, and nothing is taken."""
        now_s = self._now_s()
        left, since_s = self._left.pop(address, (self._burst, now_s))
        left = min(self._burst, left + (now_s - since_s) * self._rate_per_s)
        missing = max(0.0, min(tokens, self._burst) - left)
        self._left[address] = (left if missing else left - tokens, now_s)
        if len(self._left) > _ADDRESSES_HIGH:
            self._left.popitem(last=False)
        return missing / self._rate_per_s


def rate_guard(bucket: Bucket, trusted_proxy: tuple[str, ...]) -> Guard:
    def guard(scope: HTTPScope) -> None:
        cost = 1 if scope["method"] in _SAFE else POST_COSTS
        wait_s = bucket.take(_neighbourhood(client_address(scope, trusted_proxy)), cost)
        if wait_s:
            seconds = math.ceil(wait_s)
            raise Refusal(
                429,
                f"this address has asked for too much at once; try again in {seconds} s",
                headers={"retry-after": str(seconds)},
            )

    return guard


def client_address(scope: HTTPScope, trusted_proxy: tuple[str, ...]) -> str:
    """Who asks: the peer, or behind a proxy that is trusted the last address that no trusted proxy has."""
    client = scope.get("client")
    address = _canonical(client[0]) if client else ""
    trusted = {_canonical(each) for each in trusted_proxy}
    forwarded = (header(scope, "x-forwarded-for") or "").split(",")
    while address in trusted and forwarded:
        address = _canonical(forwarded.pop().strip()) or address
    return address


def _canonical(address: str) -> str:
    """One way to write each: who listens on :: hears of IPv4's as of ::ffff:192.0.2.1."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def _neighbourhood(address: str) -> str:
    """Of IPv6 the network, of which a host has as many addresses as it likes."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address
