"""How many lines one picture may have: of more, those are drawn that stand out, and it is said how many there are.

Nobody tells more lines apart; whoever looks for another one asks for less (views/selection.py), where there is
somebody to ask: a file cannot be asked, so a picture says what it leaves out and its surroundings say how to choose.
"""

from __future__ import annotations

__all__ = ["LINES_HIGH", "ROWS_HIGH", "Lines", "standing_out"]

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import msgspec

LINES_HIGH = 12

ROWS_HIGH = 30
"""Of a list, whose rows have their names beside them."""

Row = TypeVar("Row")


class Lines(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """rows: of the lines that are drawn, in the order in which they came. drawn, held: numbers of lines.

    which: what those that are drawn have in common, for readers.
    """

    rows: list[Row]
    drawn: int
    held: int
    which: str

    def texts(self) -> list[str]:
        """A line that says what is left out; none where nothing is."""
        return [f"drawn: {self.drawn} of {self.held}, {self.which}"] if self.drawn < self.held else []


def standing_out(
    rows: Iterable[Row],
    name: Callable[[Row], str],
    height: Callable[[Row], float],
    which: str = "the highest",
    count: int = LINES_HIGH,
) -> Lines[Row]:
    """name: of the row's line. height: a line is as high as its highest row. which: see Lines."""
    held = list(rows)
    tops: dict[str, float] = {}
    for row in held:
        tops[name(row)] = max(height(row), tops.get(name(row), height(row)))
    kept = set(sorted(tops, key=lambda line: -tops[line])[:count])
    return Lines(rows=[row for row in held if name(row) in kept], drawn=len(kept), held=len(tops), which=which)
