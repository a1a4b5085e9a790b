"""What stands before every route: who is let in, and what every answer says about itself.

1. A guard sees a request's head and lets it pass or raises a Refusal; nothing of a refused request's body is read.
2. Every answer, a refusal too, says what a browser may do with it. A route that says so itself is left alone.
3. HEAD is answered as GET is, less the body; OPTIONS names all that a path allows.
"""

from __future__ import annotations

__all__ = ["PAGE_POLICY", "Gate", "Guard", "head_as_get", "header", "options_whole", "with_headers"]

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import cast

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from queuemark.web.problem import problem_answer

Guard = Callable[[HTTPScope], None]
"""Raises: Refusal."""

PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
    "object-src 'none'"
)
"""Scripts and styles are files of the site: nothing that somebody writes into a note can be one."""

_HEADERS = {
    "content-security-policy": PAGE_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}


def header(scope: HTTPScope, name: str) -> str | None:
    """The last value of a header, by its name in lower case; None where it is missing."""
    wanted = name.encode("latin-1")
    values = [value for key, value in scope["headers"] if key == wanted]
    return values[-1].decode("latin-1") if values else None


class Gate:
    """Asks the guards in their order, before anything of the request is looked at by a route."""

    def __init__(self, app: ASGIApp, guards: Iterable[Guard]) -> None:
        self._app = app
        self._guards = tuple(guards)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            return
        try:
            for guard in self._guards:
                guard(scope)
        except Exception as error:  # noqa: BLE001 - what a guard did not foresee is a problem like any other
            request = scope["litestar_app"].request_class(scope, receive, send)
            answer = problem_answer(request, error).to_asgi_response(app=None, request=request)
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


def with_headers(app: ASGIApp) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableScopeHeaders.from_message(message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await app(scope, receive, completed)

    return answer


def head_as_get(app: ASGIApp) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "HEAD":
            await app(scope, receive, send)
            return

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        # The method is the server's to know, too: it sends no body to a HEAD whatever it is given.
        got = cast(Scope, {**scope, "method": "GET"})
        await app(got, receive, headed)

    return answer


def options_whole(app: ASGIApp) -> ASGIApp:
    """The library's own answer names the methods of the first handler of a path, whatever others there are."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "OPTIONS":
            await app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.NO_CONTENT:
                MutableScopeHeaders.from_message(message)["allow"] = _allowed(scope)
            await send(message)

        await app(scope, receive, told)

    return answer


def _allowed(scope: Scope) -> str:
    """scope: one that has been routed."""
    here = [route for route in scope["litestar_app"].routes if route.path_format == scope["path_template"]]
    methods = {method for route in here for method in getattr(route, "methods", ())}
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
