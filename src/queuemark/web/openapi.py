"""What the site's interface is, for programs that read it: OpenAPI 3.1, from the routes and the structs themselves.

1. Every route that is for programs is in it, with its parameters, what it takes and what it answers.
2. Whatever a route answers else is a Problem.
"""

from __future__ import annotations

__all__ = ["answering", "openapi_document", "taking"]

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    Reference,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIType

from queuemark import __version__
from queuemark.model.details import Details
from queuemark.model.session import SessionDocument
from queuemark.web.problem import PROBLEM_JSON, Problem
from queuemark.web.submission import TOKEN_PATTERN

_SCHEMAS = "#/components/schemas/{name}"
_TAKEN = (SessionDocument, Details, Problem)
_TEXT = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))

_TYPED = re.compile(r":[a-z]+}")
_DESCRIPTION = (
    "The record of how fast messages move between processes. Every page's data is under /api; sessions come in by "
    "POST /sessions. Bodies may be packed with gzip or zstd and are at most 4 MiB as sent. "
    "Whatever cannot be answered is answered with a problem (RFC 9457)."
)


def openapi_document(routes: Sequence[HTTPRouteHandler], dependencies: Mapping[str, Any]) -> dict[str, Any]:
    """routes, dependencies: of the site."""
    # The library serves what it describes at addresses of its own; this application describes and is never served.
    described = Litestar(
        route_handlers=list(routes),
        dependencies=dict(dependencies),
        openapi_config=OpenAPIConfig(title="queuemark", version=__version__, description=_DESCRIPTION),
        logging_config=None,
    )
    document: dict[str, Any] = described.openapi_schema.to_schema()
    _, taken = msgspec.json.schema_components(_TAKEN, ref_template=_SCHEMAS)
    document["components"]["schemas"] = {**document["components"].get("schemas", {}), **taken}
    for handler in routes:
        for path in handler.paths:
            for method in handler.http_methods if handler.include_in_schema is not False else ():
                operation = document["paths"][_TYPED.sub("}", path)][method.lower()]
                _name(operation, handler, path)
                _answer_problems(operation["responses"], path)
    described_as_any: dict[str, Any] = _any_of(document)
    return described_as_any


def _any_of(value: Any) -> Any:
    """The library says that exactly one of a union fits; an integer is a number, too."""
    if isinstance(value, dict):
        return {"anyOf" if name == "oneOf" else name: _any_of(content) for name, content in value.items()}
    return [_any_of(each) for each in value] if isinstance(value, list) else value


def _name(operation: dict[str, Any], handler: HTTPRouteHandler, path: str) -> None:
    """By the route's function and what it says of itself; the library would name it by its address and title."""
    name = handler.fn.__name__
    # Of the same at two addresses, the one for programs alone has the longer name.
    operation["operationId"] = f"{name}_as_data" if path.startswith("/api/") and len(handler.paths) > 1 else name
    operation["summary"] = (handler.fn.__doc__ or name).partition("\n")[0]
    operation.pop("description", None)


def _answer_problems(responses: dict[str, Any], path: str) -> None:
    """Instead of the library's own shape of an error; elsewhere than under /api as its reader can read it."""
    for status in [status for status in responses if status.startswith(("4", "5"))]:
        del responses[status]
    content: dict[str, Any] = {PROBLEM_JSON: {"schema": {"$ref": _SCHEMAS.format(name="Problem")}}}
    if not path.startswith("/api/"):
        content |= {media_type: {"schema": {"type": "string"}} for media_type in ("text/plain", "text/html")}
    responses["default"] = {"description": "A problem", "content": content}


def taking(content: Mapping[str, str | None], *, token: str) -> type[Operation]:
    """An operation whose body the library does not read; content: names of schemas by media type, null for text.

    token: what the header Queuemark-Token is for.
    """

    @dataclass
    class Taking(Operation):
        def __post_init__(self) -> None:
            self.parameters = [*(self.parameters or []), _token_parameter(token)]
            if content:
                self.request_body = RequestBody(
                    required=True,
                    content={media_type: _content(name) for media_type, name in content.items()},
                )
            for response in (self.responses or {}).values():
                if isinstance(response, OpenAPIResponse):
                    response.content = {**(response.content or {}), "text/plain": _TEXT}

    return Taking


def answering(*media_types: str) -> type[Operation]:
    """An operation whose answer is one of these files."""

    @dataclass
    class Answering(Operation):
        def __post_init__(self) -> None:
            for response in (self.responses or {}).values():
                if isinstance(response, OpenAPIResponse):
                    response.content = {each: OpenAPIMediaType(schema=Schema()) for each in media_types}

    return Answering


def _content(name: str | None) -> OpenAPIMediaType:
    return _TEXT if name is None else OpenAPIMediaType(schema=Reference(ref=_SCHEMAS.format(name=name)))


def _token_parameter(purpose: str) -> Parameter:
    schema = Schema(type=OpenAPIType.STRING, pattern=f"^{TOKEN_PATTERN}$")
    return Parameter(name="Queuemark-Token", param_in="header", required=False, description=purpose, schema=schema)
