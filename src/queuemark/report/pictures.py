"""A section's picture as SVG that can stand in one page with others.

Definitions inside an SVG are known by id, and ids are of the whole page: each picture gets its own.
"""

from __future__ import annotations

__all__ = ["inline_svg"]

import re

from queuemark.views.picture import svg_text
from queuemark.views.theme import Spec

_ID = re.compile(r'(\bid="|url\(#|href="#)')


def inline_svg(spec: Spec, prefix: str) -> str:
    """prefix: letters, digits and hyphens; no other picture of the page has it."""
    return _ID.sub(rf"\g<1>{prefix}-", svg_text(spec))
