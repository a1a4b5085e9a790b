"""What of a session is asked for: the question, some of its cases, and the scale; each combination has one address."""

from __future__ import annotations

__all__ = ["FIRST_VIEW", "SCALE_NAMES", "Asked", "Chip", "Choice", "PictureData"]

from collections.abc import Callable, Sequence

import msgspec

from queuemark.model.session import SessionDocument
from queuemark.model.units import format_bytes
from queuemark.views.axes import Scale
from queuemark.views.naming import policy_text
from queuemark.views.registry import view_named
from queuemark.views.selection import Selection, choices, read_selection
from queuemark.web.data.page import with_query

FIRST_VIEW = "rates"

SCALE_NAMES: dict[Scale, str] = {"log": "logarithmic", "linear": "linear"}


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    """One value that can be chosen; path: of the page where it is chosen, or no longer."""

    text: str
    path: str
    chosen: bool


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One setting, and what there is to choose from."""

    name: str
    chips: list[Chip]


class PictureData(msgspec.Struct, frozen=True, kw_only=True):
    """Where a picture is, in each form. alt: what it shows, for who does not see it.

    shown, explored: the SVG and the specification for a page that says the question and the command itself.
    other_scale: the same page with the other scale; null where the scale is always the same. embed: a page with nothing
    but the picture, which may stand in a frame.
    """

    svg: str
    png: str
    json: str
    shown: str
    explored: str
    alt: str
    embed: str | None = None
    other_scale: str | None = None
    other_scale_name: str = ""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """view: a name of the registry. everything: tables are not cut. case: the key of the only case that is drawn.

    caption: the picture says the question, the session and the command, for whoever sees nothing else.
    """

    view: str = FIRST_VIEW
    selection: Selection = Selection()
    scale: Scale = "log"
    everything: bool = False
    case: str | None = None
    caption: bool = True

    @classmethod
    def read(
        cls,
        view: str = FIRST_VIEW,
        transport: str = "",
        consumers: str = "",
        size: str = "",
        policy: str = "",
        pattern: str = "",
        scale: Scale = "log",
        everything: bool = False,
        case: str | None = None,
        caption: bool = True,
    ) -> Asked:
        """Lists parted by commas. Raises: UsageError for what cannot be read, and for a view that there is not."""
        view_named(view)
        selection = read_selection(transport, consumers, size, policy, pattern)
        return cls(view=view, selection=selection, scale=scale, everything=everything, case=case, caption=caption)

    def page(self, session_path: str) -> str:
        """The address of the session's page; what is as usual is not in it, so that each page has one."""
        view = None if self.view == FIRST_VIEW else self.view
        return with_query(session_path, {"view": view, **self.query(), "all": "true" if self.everything else None})

    def picture(self, session_path: str, ending: str) -> str:
        """The address of the picture; ending: with its dot."""
        return with_query(f"{session_path}/pictures/{self.view}{ending}", {**self.query(), "case": self.case})

    def embed(self, session_path: str) -> str:
        return with_query(f"{session_path}/embed/{self.view}", self.query())

    def query(self) -> dict[str, str | int | None]:
        """The selection and how it is drawn, as an address has them."""
        chosen = self.selection
        return {
            "transport": ",".join(chosen.transports),
            "consumers": ",".join(map(str, chosen.consumers)),
            "size": ",".join(map(str, chosen.sizes)),
            "policy": ",".join(chosen.policies),
            "pattern": ",".join(chosen.patterns),
            "scale": None if self.scale == "log" else self.scale,
            "caption": None if self.caption else "false",
        }

    def pictured(self, session_path: str, alt: str, *, paged: bool = True) -> PictureData:
        """paged: the picture stands on the session's page, whose other scale has an address, and may be framed."""
        other, bare = self.other_scale(), self.uncaptioned()
        return PictureData(
            svg=self.picture(session_path, ".svg"),
            png=self.picture(session_path, ".png"),
            json=self.picture(session_path, ".json"),
            shown=bare.picture(session_path, ".svg"),
            explored=bare.picture(session_path, ".json"),
            alt=alt,
            embed=self.embed(session_path) if paged else None,
            other_scale=other.page(session_path) if paged else None,
            other_scale_name=SCALE_NAMES[other.scale],
        )

    def other_scale(self) -> Asked:
        """The same on the scale that this is not on."""
        return msgspec.structs.replace(self, scale="linear" if self.scale == "log" else "log")

    def uncaptioned(self) -> Asked:
        """The same without what a page says around it."""
        return msgspec.structs.replace(self, caption=False)

    def choices(self, document: SessionDocument, address: Callable[[Asked], str]) -> list[Choice]:
        """For each setting in which cases differ, a chip a value; choosing one more adds it. address: of a page."""
        held = choices(document)
        return [
            Choice(name=name, chips=self._chips(setting, values, address))
            for setting, name in _SETTINGS.items()
            for values in [getattr(held, setting)]
            if len(values) > 1 or getattr(self.selection, setting)
        ]

    def _chips(self, setting: str, values: Sequence[str | int], address: Callable[[Asked], str]) -> list[Chip]:
        chosen: tuple[str | int, ...] = getattr(self.selection, setting)
        return [
            Chip(
                text=_shown(setting, value),
                path=address(self._toggled(setting, value)),
                chosen=value in chosen,
            )
            for value in values
        ]

    def _toggled(self, setting: str, value: str | int) -> Asked:
        chosen: tuple[str | int, ...] = getattr(self.selection, setting)
        toggled = tuple(each for each in chosen if each != value) if value in chosen else (*chosen, value)
        return msgspec.structs.replace(
            self, selection=msgspec.structs.replace(self.selection, **{setting: toggled}), everything=False
        )


_SETTINGS = {
    "transports": "mechanism",
    "consumers": "consumers",
    "sizes": "message size",
    "policies": "policy",
    "patterns": "pattern",
}


def _shown(setting: str, value: str | int) -> str:
    if setting == "sizes":
        return format_bytes(float(value))
    return policy_text(str(value)) if setting == "policies" else str(value)
