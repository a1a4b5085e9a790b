"""Platforms, all machines with equal facts: their list, and one with what was measured on it."""

from __future__ import annotations

__all__ = ["CaseLine", "PlatformData", "PlatformPage", "PlatformsPage", "platform", "platforms"]

import msgspec

from queuemark.model.summary import CaseSummary
from queuemark.model.units import parse_bytes
from queuemark.store.record import Record
from queuemark.store.rows import CaseFilter, PlatformRow, RecordCase, SessionFilter
from queuemark.web.data.page import Field, Page, SessionLine, fields, machine_name, with_query

_ROWS = 50
_FASTEST_EACH = 3
"""Cases of each mechanism."""


class PlatformData(PlatformRow, frozen=True, kw_only=True):
    """cpus: how many; 0 where nobody said. sessions: that are public."""

    path: str

    @classmethod
    def of(cls, row: PlatformRow) -> PlatformData:
        return cls(path=f"/platforms/{row.id}", **msgspec.structs.asdict(row))


class CaseLine(msgspec.Struct, frozen=True, kw_only=True):
    """A case of any session."""

    case: CaseSummary
    path: str
    session: str
    session_path: str
    machine: str
    platform_path: str

    @classmethod
    def of(cls, found: RecordCase) -> CaseLine:
        return cls(
            case=found.summary,
            path=f"/sessions/{found.session_id}/cases/{found.summary.key}",
            session=found.session_id,
            session_path=f"/sessions/{found.session_id}",
            machine=machine_name(found.platform),
            platform_path=f"/platforms/{found.platform.id}",
        )


class PlatformsPage(Page, frozen=True, kw_only=True):
    """fields: what the list is narrowed by. more: the path of the next page."""

    fields: list[Field]
    filtered: bool
    platforms: list[PlatformData]
    more: str | None


class PlatformPage(Page, frozen=True, kw_only=True):
    """fastest: cases that proved their delivery, the highest rate first. advice: the path of what to take here.

    older: the path of the next sessions.
    """

    platform: PlatformData
    size_bytes: int
    consumers: int
    fastest: list[CaseLine]
    advice: str
    sessions: list[SessionLine]
    older: str | None


def platforms(
    record: Record,
    system: str | None = None,
    release: str | None = None,
    processor: str | None = None,
    after: str | None = None,
) -> PlatformsPage:
    """after: the id of the last platform of the page before."""
    asked = {"system": system, "release": release, "processor": processor}
    asked = {name: (value or "").strip() or None for name, value in asked.items()}
    chosen = SessionFilter(system=asked["system"], release=asked["release"], cpu_model=asked["processor"])
    rows = record.platforms(_ROWS + 1, after, chosen)
    held = rows[:_ROWS]
    told = ", ".join(value for value in asked.values() if value)
    return PlatformsPage(
        title=f"Platforms: {told}" if told else "Platforms",
        summary="Machines on which message passing was measured.",
        path=with_query("/platforms", {**asked, "after": after}),
        section="/platforms",
        data=with_query("/api/platforms", {**asked, "after": after}),
        fields=fields(record, asked),
        filtered=bool(told),
        platforms=[PlatformData.of(row) for row in held],
        more=with_query("/platforms", {**asked, "after": held[-1].id}) if len(rows) > _ROWS else None,
    )


def platform(
    record: Record, platform_id: str, size: str = "64", consumers: int = 1, before: int | None = None
) -> PlatformPage:
    """size: of the messages, consumers: how many, where the fastest are looked for. Raises: NotFound, UsageError."""
    size_bytes = parse_bytes(size)
    wanted = CaseFilter(size_bytes=size_bytes, consumers=consumers, platform_id=platform_id)
    row = record.platform(platform_id)
    rows = record.recent(_ROWS + 1, before, SessionFilter(platform_id=platform_id))
    held = rows[:_ROWS]
    path, workload = f"/platforms/{platform_id}", {"size": size_bytes, "consumers": consumers}
    usual = workload == {"size": 64, "consumers": 1}
    asked = {**({} if usual else workload), "before": before}
    return PlatformPage(
        title=f"Platform: {machine_name(row)}",
        summary=f"What was measured on {machine_name(row)}.",
        path=with_query(path, asked),
        section="/platforms",
        data=with_query(f"/api{path}", asked),
        platform=PlatformData.of(row),
        size_bytes=size_bytes,
        consumers=consumers,
        fastest=[CaseLine.of(case) for case in record.cases(wanted, _FASTEST_EACH)],
        advice=with_query("/advise", {**workload, "platform": platform_id}),
        sessions=[SessionLine.of(each) for each in held],
        older=with_query(path, {**asked, "before": held[-1].number}) if len(rows) > _ROWS else None,
    )
