"""A chart as a file's bytes: SVG, PNG, or the Vega-Lite specification itself.

Nothing is fetched to draw one: fonts and data are there, and what a specification would load from elsewhere is refused.
"""

from __future__ import annotations

__all__ = ["PICTURES", "check_picture", "draw"]

from collections.abc import Callable
from pathlib import Path

import msgspec

from queuemark.model.errors import QueuemarkError, UsageError
from queuemark.views.theme import Spec

PICTURES = (".svg", ".png", ".json")

_PIXELS = 2.0
"""Of a PNG, for each unit of the specification: sharp on paper and on dense screens."""

_EXTRA = ("altair", "vl_convert")


def check_picture(target: str) -> None:
    """Raises: UsageError when the file's ending names no kind of picture."""
    if Path(target).suffix.lower() not in PICTURES:
        raise UsageError(f"chart {target!r}: a chart is written as {', '.join(PICTURES)}; write for example rates.svg")


def draw(chart: Callable[[], Spec], target: str) -> bytes:
    """What belongs into the file; chart: makes the specification, with Altair.

    Raises: UsageError for an unknown ending, QueuemarkError when the extra is not installed, and what chart raises.
    """
    check_picture(target)
    try:
        return _encoded(chart(), Path(target).suffix.lower())
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        raise QueuemarkError(
            f"cannot draw {target}: {error.name} is not installed here; install it: pip install 'queuemark[report]'"
        ) from error


def _encoded(spec: Spec, ending: str) -> bytes:
    if ending == ".json":
        return msgspec.json.format(msgspec.json.encode(spec), indent=1) + b"\n"
    import vl_convert

    if ending == ".svg":
        return vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]).encode() + b"\n"
    return vl_convert.vegalite_to_png(spec, scale=_PIXELS, allowed_base_urls=[])
