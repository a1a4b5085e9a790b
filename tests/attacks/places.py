"""Where values are in a document, and other values put there."""

from __future__ import annotations

__all__ = ["Place", "places", "put", "shape"]

from collections.abc import Iterator
from typing import Any

Place = tuple[str | int, ...]


def places(value: Any, kinds: tuple[type, ...], place: Place = ()) -> Iterator[Place]:
    """Of all values of these kinds in a decoded JSON document; a truth value is no number."""
    if isinstance(value, kinds) and not isinstance(value, bool):
        yield place
    elif isinstance(value, dict | list):
        for step, content in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(content, kinds, (*place, step))


def shape(place: Place) -> Place:
    """Without the numbers: where in the schema it is."""
    return tuple("*" if isinstance(step, int) else step for step in place)


def put(document: Any, place: Place, value: Any) -> None:
    for step in place[:-1]:
        document = document[step]
    document[place[-1]] = value
