"""A chart as a file's bytes: SVG, PNG, or the Vega-Lite specification itself.

1. Nothing is fetched to draw one: fonts and data are there, and what a specification would load from elsewhere is
   refused.
2. An SVG says what it shows to whoever cannot see it, and follows its reader into the dark.
"""

from __future__ import annotations

__all__ = ["PICTURES", "check_picture", "draw", "svg_text"]

import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from re import Match

import msgspec

from queuemark.model.errors import QueuemarkError, UsageError
from queuemark.views.theme import DARK, FONT, Spec

PICTURES = (".svg", ".png", ".json")

_PIXELS = 2.0
"""Of a PNG, for each unit of the specification: sharp on paper and on dense screens."""

_EXTRA = ("altair", "vl_convert")

_CLASS = "queuemark-chart"


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
    if ending == ".svg":
        return svg_text(spec).encode() + b"\n"
    import vl_convert

    return vl_convert.vegalite_to_png(spec, scale=_PIXELS, allowed_base_urls=[])


def svg_text(spec: Spec) -> str:
    """The drawing of a specification that ``themed`` made, with its caption or ``uncaptioned``, as one element: in a
    page, as an image, or as a file.

    Its title is the question, its description the lines below it; the marks themselves are silent, since the table
    under the picture reads better than hundreds of them.
    """
    import vl_convert

    silent = {**spec, "config": {**spec["config"], "aria": False}}
    drawn: str = vl_convert.vegalite_to_svg(silent, allowed_base_urls=[])
    head, _, body = drawn.partition(">")
    title, told = _said(spec)
    said = f"<title>{escape(title)}</title><desc>{escape(' '.join(told))}</desc>"
    head = head.replace('class="marks"', f'class="{_CLASS}" font-family="{FONT}"', 1)
    return f'{head} role="img">{said}<style>{_STYLE}</style>{_TAG.sub(_lean, body)}'


def _said(spec: Spec) -> tuple[str, list[str]]:
    """The question, and the lines that stand above the picture."""
    caption = spec["title"]
    return (spec["description"], caption["text"]) if "description" in spec else (caption["text"], caption["subtitle"])


def _lean(tag: Match[str]) -> str:
    """A tag without what a still picture has no use for: roles of its parts, thousandths of pixels, and what is said
    once for all of it; nothing of one that is not shown."""
    if tag[0].endswith('display="none"/>'):
        return ""
    return _DIGITS.sub(r"\1", _UNUSED.sub("", tag[0]))


_TAG = re.compile(r"<[^>]*>")
_UNUSED = re.compile(r' (?:(?:role|aria-[a-z]+|class|pointer-events|font-family)="[^"]*"|(?:opacity|stroke-width)="1")')
_DIGITS = re.compile(r"(\d\.\d\d)\d+")


def _dark_style() -> str:
    rules = [
        f'.{_CLASS} [{part}="{light}"]{{{part}:{dark}}}' for light, dark in DARK.items() for part in ("fill", "stroke")
    ]
    return f"@media (prefers-color-scheme:dark){{{''.join(rules)}}}"


_STYLE = _dark_style()
