"""The published JSON Schema, made from the structs: ``python -m queuemark.model.schema`` prints it."""

from __future__ import annotations

__all__ = ["json_schema"]

import sys
from typing import Any

import msgspec

from queuemark.model.events import Ready, Result, Tick
from queuemark.model.probe import ProbeEvent
from queuemark.model.session import SessionDocument
from queuemark.model.transport import Listing, Transport


def json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of the session, the runner's events and the listings, by name under ``$defs``."""
    types = [SessionDocument, Listing, Transport, Ready, Tick, Result, ProbeEvent]
    _, components = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "queuemark session, schema 1; runner contract 1",
        "$ref": "#/$defs/SessionDocument",
        "$defs": dict(sorted(components.items())),
    }
    # As it is published: a default that is a tuple here is a list there.
    published: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(schema))
    return published


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2) + b"\n")
