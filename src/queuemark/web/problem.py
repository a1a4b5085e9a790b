"""Every answer that says no, in one shape: problem+json for programs, a line for terminals, a page for readers.

1. What a client is told never shows where in the program something went wrong; that goes to the log.
2. The same refusal has the same fields whoever asks.

Source: RFC 9457.
"""

from __future__ import annotations

__all__ = ["PROBLEM_JSON", "Problem", "Refusal", "problem_answer", "problem_of", "wants_json"]

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from queuemark.model.errors import Conflict, NotFound, QueuemarkError, UsageError, Withdrawn
from queuemark.web.data.plain import error
from queuemark.web.pages import page_html

PROBLEM_JSON = "application/problem+json"

_log = logging.getLogger("queuemark.web")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """title: the status in words. detail: what was wrong and what to do. at: the place in what was sent, if any."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    at: str | None = None


class Refusal(Exception):
    """A request is not fulfilled; headers: what the answer needs beside its problem."""

    def __init__(
        self, status: int, detail: str, *, at: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, at=at)
        self.headers = dict(headers or {})


_STATUS = {NotFound: 404, Conflict: 409, Withdrawn: 410}


def problem_of(error: Exception) -> Refusal:
    """What a client is told of an error; what nobody foresaw is logged and told as nothing but that."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, HTTPException) and error.status_code < 500:
        return Refusal(error.status_code, _detail(error), headers=_completed(error.headers or {}))
    if isinstance(error, UsageError):
        return Refusal(next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 422), str(error))
    if isinstance(error, QueuemarkError):
        _log.error("%s", error)
        return Refusal(503, "the record cannot be read or written now; try again later")
    _log.error("a request failed", exc_info=error)
    return Refusal(500, "the site made a mistake; it is in its log")


def _completed(headers: Mapping[str, str]) -> dict[str, str]:
    """Whatever may be asked for with GET may be with HEAD."""
    return {name: value.replace("GET", "GET, HEAD") if name == "allow" else value for name, value in headers.items()}


def _detail(error: HTTPException) -> str:
    """The library's words, the field that they are about, and nothing of the program."""
    if isinstance(error, NotFoundException):
        return "there is nothing here; what there is begins at /"
    if isinstance(error, MethodNotAllowedException):
        return f"this cannot be done here; what can be: {_completed(error.headers or {}).get('allow', 'nothing')}"
    parts = error.extra if isinstance(error.extra, list) else []
    return "; ".join(f"{part['key']}: {part['message']}" for part in parts if "key" in part) or error.detail


def wants_json(request: Request[Any, Any, Any]) -> bool:
    """Whether who asks is a program."""
    return request.scope["path"].startswith("/api/") or "json" in request.headers.get("accept", "")


def problem_answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The error as whoever asks can read it."""
    refusal = problem_of(error)
    problem = refusal.problem
    media_type, content = _written(request, problem)
    return Response(content, status_code=problem.status, media_type=media_type, headers=refusal.headers)


def _written(request: Request[Any, Any, Any], problem: Problem) -> tuple[str, bytes]:
    accepted = request.headers.get("accept", "")
    if wants_json(request):
        return PROBLEM_JSON, msgspec.json.encode(problem)
    if "text/html" in accepted:
        return "text/html", _page(problem).encode()
    if "text/plain" in accepted or request.method == "POST":
        return "text/plain", f"queuemark: {_line(problem)}\n".encode()
    return PROBLEM_JSON, msgspec.json.encode(problem)


def _line(problem: Problem) -> str:
    where = f" (at {problem.at})" if problem.at else ""
    return " ".join(f"{problem.detail}{where}".split())


def _page(problem: Problem) -> str:
    page = error(problem.status, problem.title, _line(problem))
    # It has no address that could be told, and what it links to is on this site.
    return page_html("error.html", page, base_url="")
