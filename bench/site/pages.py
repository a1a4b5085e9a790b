"""What readers of a large record ask for: the data of every kind of page, of sessions all over it."""

from __future__ import annotations

__all__ = ["PAGES", "Places", "places_in"]

import sqlite3
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random

import msgspec

_SESSIONS = 2000


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Some of what a record holds. cases: (session, case). numbers: of sessions, in the order of their arrival."""

    sessions: list[str]
    cases: list[tuple[str, str]]
    numbers: list[int]
    platforms: list[str]


def places_in(record: Path, seed: int) -> Places:
    """Sessions drawn from the whole record; another seed draws others."""
    drawn = Random(seed)
    with sqlite3.connect(f"file:{record}?mode=ro", uri=True) as connection:
        highest = connection.execute("SELECT max(number) FROM sessions").fetchone()[0]
        numbers = [drawn.randint(1, highest) for _ in range(_SESSIONS)]
        sessions = [
            connection.execute("SELECT id FROM sessions WHERE number = ?", (number,)).fetchone()[0]
            for number in numbers
        ]
        cases = [
            (session, connection.execute("SELECT key FROM cases WHERE session_id = ?", (session,)).fetchone()[0])
            for session in sessions
        ]
        platforms = [row[0] for row in connection.execute("SELECT id FROM platforms")]
    connection.close()
    return Places(sessions=sessions, cases=cases, numbers=numbers, platforms=platforms)


def _session(query: str = "") -> Callable[[Places], list[str]]:
    return lambda places: [f"/api/sessions/{session}{query}" for session in places.sessions]


PAGES: dict[str, Callable[[Places], list[str]]] = {
    "front": lambda _: ["/api/front"],
    "sessions": lambda places: [f"/api/sessions?before={number}" for number in places.numbers],
    "sessions-filtered": lambda places: [
        f"/api/sessions?transport={name}&system=Linux&before={number}"
        for number in places.numbers
        for name in ("tcp", "pipe")
    ],
    "session": _session(),
    "session-limits": _session("?view=limits"),
    "session-latency": _session("?view=latency"),
    "session-trials": _session("?view=trials"),
    "session-one-transport": _session("?transport=tcp,udp,pipe"),
    "case": lambda places: [f"/api/sessions/{session}/cases/{key}" for session, key in places.cases],
    "platforms": lambda _: ["/api/platforms"],
    "platform": lambda places: [f"/api/platforms/{platform}" for platform in places.platforms],
    "compare": lambda places: [f"/api/compare?sessions={one},{other}" for one, other in pairwise(places.sessions)],
    "advise": lambda _: [
        f"/api/advise?size={size}&consumers={consumers}" for size in (16, 64, 1024) for consumers in (1, 2, 4)
    ],
}
"""By their names, the addresses to ask for, one after the other."""
