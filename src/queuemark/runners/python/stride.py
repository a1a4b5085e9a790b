"""How many messages are made, sent or taken at once."""

from __future__ import annotations

__all__ = ["Stride"]

_ITEMS_HIGH = 1024
_BYTES_HIGH = 256 * 1024
_SHORT_NS, _LONG_NS = 1_000_000, 4_000_000


class Stride:
    """So many that a batch takes some milliseconds: what the laboratory does for each costs little beside it, and how
    far a role is still shows in time. It begins with one message. items_high: never more."""

    def __init__(self, largest_bytes: int, items_high: int = _ITEMS_HIGH) -> None:
        self.items = 1
        self._items_high = max(1, min(_ITEMS_HIGH, items_high, _BYTES_HIGH // largest_bytes))

    def took(self, batch_ns: int) -> None:
        if batch_ns < _SHORT_NS:
            self.items = min(2 * self.items, self._items_high)
        elif batch_ns > _LONG_NS:
            self.items = max(1, self.items // 2)
