"""What a person adds to a session: words of theirs, shown as text and never as anything else."""

from __future__ import annotations

__all__ = ["Details"]

import unicodedata
from typing import Annotated

import msgspec

_UNSHOWABLE = ("Cc", "Cs")
"""Unicode's categories of control characters and of halves of characters."""


class Details(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Empty where nothing was said.

    host_label: what the machine shall be called. processor, cores: where what was measured does not tell.
    notes: may have several lines; ends of lines as forms send them become newlines.

    Raises: ValueError for control characters.
    """

    host_label: Annotated[str, msgspec.Meta(max_length=80)] = ""
    processor: Annotated[str, msgspec.Meta(max_length=120)] = ""
    cores: Annotated[int, msgspec.Meta(ge=1, le=65_536)] | None = None
    notes: Annotated[str, msgspec.Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "notes", self.notes.replace("\r\n", "\n"))
        for name in ("host_label", "processor", "notes"):
            text = getattr(self, name)
            shown = text.replace("\n", "") if name == "notes" else text
            odd = next((character for character in shown if unicodedata.category(character) in _UNSHOWABLE), None)
            if odd is not None:
                raise ValueError(f"{name} holds the control character U+{ord(odd):04X}; write it without")
