"""The site: how long readers of a large record wait, how fast sessions are taken, what a page weighs, when it is there.

1. The record has 100,000 sessions of 300 trials. It is made once, by bench/record.py, and kept in bench/out;
   QUEUEMARK_BENCH_RECORD names another.
2. Each request is for another session: of what was kept for an earlier reader next to nothing helps the next.
3. wrk asks on the same cpus on which the site answers, one request after the other, and takes its share of them.
"""

from __future__ import annotations

__all__ = ["GROWTH_MIB", "ROWS", "grown_mib", "taken"]

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from bench.bare import OUT, NotInstalled
from bench.ceiling import CeilingRow, Sample
from bench.record import Size, made_record
from bench.site.load import Load, asked, posted
from bench.site.pages import PAGES, places_in
from bench.site.server import Server, compiled, get, server
from bench.site.sessions import Shape, made_session
from bench.site.weight import weight_bytes
from queuemark.model.errors import QueuemarkError
from queuemark.model.session import encode_session

READING_S = 10
PAGE_MS = 50.0
FRONT_MS = 25.0
WEIGHT_KB = 150.0
REPORT_S = 3.0
START_S = 1.0

TAKING_S = 60
TAKING_MS = 1000 / 50
GROWTH_MIB = 16.0
_TAKERS = 2
_SENDERS = 4
"""More than processes: while one session comes over, another is judged."""
_WATCHED_EVERY_S = 1.0

SENT = Shape(transports=6, sizes=10, consumers=5, repeats=1)
"""300 cases."""

REPORTED = Shape(transports=6, sizes=10, consumers=5, repeats=10)
"""3,000 trials."""

_SESSIONS = 100_000
_FREE_BYTES = 22 * 10**9


def _record() -> Path:
    """Raises: NotInstalled where there is no room for it."""
    path = Path(os.environ.get("QUEUEMARK_BENCH_RECORD", OUT / f"record-{_SESSIONS}.sqlite3"))
    if not path.exists():
        free_bytes = shutil.disk_usage(OUT).free
        if free_bytes < _FREE_BYTES:
            raise NotInstalled(
                f"it needs {_FREE_BYTES / 1e9:.0f} GB of disk for the record; {free_bytes / 1e9:.0f} free"
            )
        made_record(path, Size(sessions=_SESSIONS))
    return path


def _reading(page: str, index: int) -> Sample:
    record = _record()
    paths = PAGES[page](places_in(record, index + 1))
    with server(record) as site:
        # What a page needs for the first time, libraries among it, is not what the others wait for.
        get(site.url, paths[0])
        load = asked(site.url, paths, readers=1, duration_s=READING_S)
    return Sample(load.p99_us / 1e3, {"p50_ms": load.p50_us / 1e3, "max_ms": load.max_us / 1e3, "per_s": load.per_s})


def _taken(_index: int) -> Sample:
    load, memories_mib = taken(TAKING_S)
    details = {"per_s": load.per_s, "p99_ms": load.p99_us / 1e3, "memory_mib": memories_mib[-1]}
    return Sample(1000 / load.per_s, details)


def _growth(_index: int) -> Sample:
    """From the first half of the time to the second: what a server keeps it has by then."""
    load, memories_mib = taken(TAKING_S)
    return Sample(grown_mib(memories_mib), {"per_s": load.per_s, "memory_mib": memories_mib[-1]})


def grown_mib(memories_mib: Sequence[float]) -> float:
    """By how much the highest of the second half is above that of the first."""
    middle = len(memories_mib) // 2
    return max(0.0, max(memories_mib[middle:]) - max(memories_mib[:middle]))


def taken(duration_s: int) -> tuple[Load, list[float]]:
    """Sessions that were posted, and the memory of the server in each second meanwhile, in MiB."""
    session = made_session(0, SENT)
    memories_mib: list[float] = []
    with TemporaryDirectory(dir=OUT) as directory, server(Path(directory) / "taken.sqlite3", workers=_TAKERS) as site:
        ended = Event()
        watcher = Thread(target=_watch, args=(site, ended, memories_mib))
        watcher.start()
        try:
            load = posted(
                site.url, encode_session(session), session.session.id, senders=_SENDERS, duration_s=duration_s
            )
        finally:
            ended.set()
            watcher.join()
    return load, memories_mib


def _watch(site: Server, ended: Event, memories_mib: list[float]) -> None:
    while not ended.wait(_WATCHED_EVERY_S):
        memories_mib.append(site.memory_bytes() / 2**20)


def _weight(_index: int) -> Sample:
    """Of the heavier of the front page and a session's."""
    record = _record()
    session = places_in(record, 1).sessions[0]
    with server(record) as site:
        weights = {name: weight_bytes(site.url, path) / 1e3 for name, path in _weighed(session).items()}
    return Sample(max(weights.values()), weights)


def _weighed(session: str) -> dict[str, str]:
    return {"front_kb": "/", "session_kb": f"/sessions/{session}", "limits_kb": f"/sessions/{session}?view=limits"}


def _start(_index: int) -> Sample:
    compiled()
    with server(_record()) as site:
        return Sample(site.start_s, {})


def _report(_index: int) -> Sample:
    with TemporaryDirectory() as directory:
        session, report = Path(directory) / "session.json", Path(directory) / "report.html"
        session.write_bytes(encode_session(made_session(0, REPORTED)))
        command = [str(Path(sys.executable).parent / "queuemark"), "report", str(session), "-o", str(report)]
        begun = time.perf_counter()
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        taken_s = time.perf_counter() - begun
        if ended.returncode != 0:
            raise QueuemarkError(f"queuemark report ended with {ended.returncode}: {ended.stderr.strip()[-200:]}")
        return Sample(taken_s, {"report_kb": report.stat().st_size / 1e3})


_SERVE = "queuemark serve --database sqlite:///bench/out/record-100000.sqlite3"

ROWS = (
    *(
        CeilingRow(
            name=f"site/read-{page}",
            unit="ms p99",
            ceiling=FRONT_MS if page == "front" else PAGE_MS,
            command=f"{_SERVE}; wrk -t1 -c1 -d{READING_S}s -s bench/site/asking.lua URL -- paths FILE",
            sample=partial(_reading, page),
            repeats=3,
        )
        for page in PAGES
    ),
    CeilingRow(
        name="site/take",
        unit="ms a session",
        ceiling=TAKING_MS,
        command=f"queuemark serve --workers {_TAKERS}; wrk -t1 -c{_SENDERS} -d{TAKING_S}s -s bench/site/asking.lua ...",
        sample=_taken,
        repeats=1,
        note="20 ms a session are 50 a second, of 300 cases each; wrk sends them on the same cpus",
    ),
    CeilingRow(
        name="site/take-memory",
        unit="MiB grown",
        ceiling=GROWTH_MIB,
        command=f"queuemark serve --workers {_TAKERS}; wrk -t1 -c{_SENDERS} -d{TAKING_S}s -s bench/site/asking.lua ...",
        sample=_growth,
        repeats=1,
    ),
    CeilingRow(name="site/weight", unit="kB", ceiling=WEIGHT_KB, command=_SERVE, sample=_weight, repeats=1),
    CeilingRow(name="site/start", unit="s", ceiling=START_S, command=_SERVE, sample=_start, judged="median", repeats=5),
    CeilingRow(
        name="site/report",
        unit="s",
        ceiling=REPORT_S,
        command="queuemark report SESSION.json -o report.html",
        sample=_report,
        judged="median",
        repeats=3,
    ),
)
