"""What all pages have: a title that says what they show, and the one address that they are known by."""

from __future__ import annotations

__all__ = ["Field", "Page", "SessionLine", "fields", "machine_name", "with_query"]

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from queuemark.store.record import Record
from queuemark.store.rows import PlatformRow, SessionRow
from queuemark.views.numbers import counted


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """title: says what is shown. summary: in a sentence. path: the canonical one, its query included.

    section: the path of the site's section that the page belongs to. data: where it is as JSON.
    """

    title: str
    summary: str = ""
    path: str
    section: str = ""
    data: str | None = None


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """What a list may be narrowed by. values: all that there are, the most frequent first; chosen: null for any."""

    name: str
    label: str
    values: list[str]
    chosen: str | None


class SessionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One session in a list. disputed: what about it cannot be, or null. machine: its platform in a few words."""

    id: str
    path: str
    created_at: str
    received_at: str | None
    state: str
    source: str
    disputed: str | None
    platform: str
    platform_path: str
    machine: str
    host_label: str | None
    cases: int
    trials: int
    command: str

    @classmethod
    def of(cls, row: SessionRow) -> SessionLine:
        return cls(
            id=row.id,
            path=f"/sessions/{row.id}",
            created_at=row.created_at,
            received_at=row.received_at,
            state=row.state,
            source=row.source,
            disputed=row.disputed,
            platform=row.platform.id,
            platform_path=f"/platforms/{row.platform.id}",
            machine=machine_name(row.platform),
            host_label=row.host_label,
            cases=row.cases,
            trials=row.trials,
            command=row.command,
        )


_FIELDS = {
    "transport": ("mechanism", "transport"),
    "system": ("system", "system"),
    "release": ("kernel", "release"),
    "processor": ("processor", "cpu_model"),
}
"""By the name in an address: what readers call it, and the record."""


def fields(record: Record, asked: Mapping[str, str | None]) -> list[Field]:
    """asked: by name, what each is narrowed to."""
    return [
        Field(
            name=name,
            label=_FIELDS[name][0],
            values=[choice.value for choice in record.choices(_FIELDS[name][1])],
            chosen=chosen,
        )
        for name, chosen in asked.items()
    ]


def machine_name(platform: PlatformRow) -> str:
    """``2 cpus of AMD EPYC, Linux 6.12``; how many there are stands only where somebody said so."""
    cpus = f"{counted(platform.cpus, 'cpu')} of " if platform.cpus else ""
    return f"{cpus}{platform.cpu_model or platform.architecture}, {platform.system} {platform.release}"


def with_query(path: str, query: Mapping[str, str | int | None]) -> str:
    """The path with what is not empty; commas stay readable."""
    told = {name: str(value) for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(told, safe=',:')}" if told else path
