"""What a chart shows of texts from outside: nothing that those who draw it stumble over.

1. A character that XML cannot hold, such as NUL, is shown as U+FFFD: the renderer ends its process over one.
2. So are control characters that XML 1.0 holds and XML 1.1 does not, U+007F to U+009F: a terminal obeys them.
3. So are U+2028 and U+2029: they end a line within the expressions that a specification is turned into.
"""

from __future__ import annotations

__all__ = ["drawable"]

import re
from typing import Any, TypeVar

import msgspec

_UNDRAWABLE = re.compile(r"[^\t\n\r -~\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]")
"""Source: XML 1.0, production 2."""

_PERHAPS = re.compile(rb"\\u00|\\[bf]|\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]|\xef\xbf[\xbe\xbf]")
"""What such a character is in JSON, where a backslash may also stand for itself."""

_Value = TypeVar("_Value")


def drawable(spec: _Value) -> _Value:
    """The specification, or, where some of its texts cannot be drawn, a copy with texts that can."""
    return _replaced(spec) if _PERHAPS.search(msgspec.json.encode(spec)) else spec


def _replaced(value: Any) -> Any:
    if isinstance(value, str):
        return _UNDRAWABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_replaced(name): _replaced(content) for name, content in value.items()}
    return [_replaced(each) for each in value] if isinstance(value, list | tuple) else value
