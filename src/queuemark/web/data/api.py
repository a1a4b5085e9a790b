"""The page about the site's interface, from its OpenAPI document."""

from __future__ import annotations

__all__ = ["ApiPage", "api"]

from collections.abc import Iterator
from typing import Any

import msgspec

from queuemark.web.data.page import Page


class ApiParameter(msgspec.Struct, frozen=True, kw_only=True):
    """place: ``path``, ``query`` or ``header``. kind: of its value, in words of JSON Schema."""

    name: str
    place: str
    kind: str
    required: bool
    description: str


class ApiContent(msgspec.Struct, frozen=True, kw_only=True):
    """schema: the name of the struct that it is; null where it is none."""

    media_type: str
    schema: str | None


class ApiOperation(msgspec.Struct, frozen=True, kw_only=True):
    """anchor: names it within the page. takes: of the body. answers: where it is fulfilled."""

    anchor: str
    method: str
    path: str
    summary: str
    parameters: list[ApiParameter]
    takes: list[ApiContent]
    answers: list[ApiContent]


class ApiPage(Page, frozen=True, kw_only=True):
    description: str
    operations: list[ApiOperation]
    schemas: list[str]


def api(document: dict[str, Any]) -> ApiPage:
    """document: see ``openapi_document``."""
    return ApiPage(
        title="The interface for programs",
        summary="What the site answers to programs, and how sessions come in.",
        path="/docs",
        section="/docs",
        data="/openapi.json",
        description=document["info"]["description"],
        operations=sorted(_operations(document), key=lambda each: (each.method == "GET", each.path)),
        schemas=sorted(document["components"]["schemas"]),
    )


def _operations(document: dict[str, Any]) -> Iterator[ApiOperation]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            fulfilled = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            yield ApiOperation(
                anchor=operation["operationId"],
                method=method.upper(),
                path=path,
                summary=operation["summary"],
                parameters=[_parameter(each) for each in operation.get("parameters", ())],
                takes=_contents(operation.get("requestBody", {})),
                answers=[content for answer in fulfilled for content in _contents(answer)],
            )


def _parameter(said: dict[str, Any]) -> ApiParameter:
    return ApiParameter(
        name=said["name"],
        place=said["in"],
        kind=_kind(said.get("schema", {})),
        required=said.get("required", False),
        description=said.get("description", ""),
    )


def _kind(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(str(value) for value in schema["enum"])
    found = schema.get("type") or [_kind(each) for each in schema.get("oneOf", ())]
    kinds = found if isinstance(found, list) else [found]
    return " or ".join(kind for kind in kinds if kind != "null")


def _contents(said: dict[str, Any]) -> list[ApiContent]:
    return [
        ApiContent(media_type=media_type, schema=_schema(content.get("schema", {})))
        for media_type, content in said.get("content", {}).items()
    ]


def _schema(schema: dict[str, Any]) -> str | None:
    reference: str = schema.get("$ref", "")
    return reference.rpartition("/")[2] or None
