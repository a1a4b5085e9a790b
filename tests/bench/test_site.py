"""The record that the site's rows read: what it holds is plausible, whole and counted."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import cache_from_source
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import event

import queuemark
from bench.bare import OUT
from bench.record import Size, made_record
from bench.rows.site import GROWTH_MIB, grown_mib, taken
from bench.site.pages import PAGES, places_in
from bench.site.server import compiled
from bench.site.sessions import Shape, made_session
from bench.site.weight import weight_bytes
from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.plausibility import faults
from queuemark.model.session import decode_session, encode_session
from queuemark.store.opening import opened
from queuemark.store.record import Record
from queuemark.store.rows import CaseFilter
from queuemark.web.data.front import front
from queuemark.web.data.platforms import platform, platforms
from queuemark.web.data.sessions import sessions

SMALL = Shape(transports=2, sizes=2, consumers=2, repeats=3)


@pytest.mark.parametrize("number", range(4))
def test_a_made_session_is_taken_for_a_measured_one(number: int) -> None:
    made = made_session(number, SMALL)
    read = with_estimates(decode_session(encode_session(made)))
    assert read == made
    assert len(read.cases) == SMALL.cases == 8
    assert all(trial.state == "ok" for result in read.cases for trial in result.trials)
    assert all(result.limit is not None and not result.limit.beyond for result in read.cases)
    assert faults(read) == []


def test_what_is_started_has_its_bytecode() -> None:
    source = Path(queuemark.__file__).with_name("web") / "upkeep.py"
    cached = Path(cache_from_source(source))
    cached.unlink(missing_ok=True)
    compiled()
    assert cached.stat().st_size > 0


def test_sessions_differ() -> None:
    assert made_session(1, SMALL) == made_session(1, SMALL)
    assert made_session(1, SMALL).session.id != made_session(2, SMALL).session.id


def test_copies_are_found_and_counted_like_their_originals(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite3"
    made_record(path, Size(sessions=12, originals=3))
    with Record.open(f"sqlite:///{path}") as record:
        rows = record.recent(20)
        assert [row.number for row in rows] == list(range(12, 0, -1))
        assert len({row.id for row in rows}) == 12
        totals = record.totals()
        assert (totals.sessions, totals.cases, totals.trials) == (12, 12 * 60, 12 * 300)
        assert sum(platform.sessions for platform in record.platforms(50)) == 12
        assert record.document(rows[0].id).cases == record.document(rows[3].id).cases
        assert sum(choice.sessions for choice in record.choices("system")) == 12
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_every_page_has_addresses(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite3"
    made_record(path, Size(sessions=3, originals=3))
    places = places_in(path, 1)
    assert all(address.startswith("/api/") for page in PAGES.values() for address in page(places))


FETCHED = {
    "/page": b'<link rel="stylesheet" href="/style.css"><link rel="canonical" href="/elsewhere"><img src="one.svg">'
    b'<script src="/script.js"></script><script src="/script.js"></script><a href="/other"><img src="data:,x"></a>',
    "/style.css": b"s" * 100,
    "/one.svg": b"v" * 1000,
    "/script.js": b"j" * 10000,
}


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = FETCHED[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


def test_a_page_weighs_what_is_fetched_with_it() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        assert weight_bytes(url, "/page") == len(FETCHED["/page"]) + 11_100
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


SHOWN: dict[str, Callable[[Record], int]] = {
    "front": lambda record: len(front(record).best) + len(front(record).recent),
    "sessions": lambda record: len(sessions(record).sessions),
    "sessions of a mechanism": lambda record: len(sessions(record, transport="tcp", system="Linux").sessions),
    "sessions far behind": lambda record: len(sessions(record, before=40).sessions),
    "platforms": lambda record: len(platforms(record).platforms),
    "a platform": lambda record: len(platform(record, record.platforms(1)[0].id).sessions),
    "cases": lambda record: len(record.cases(CaseFilter(size_bytes=64, consumers=2), 10)),
}
"""By page, how many rows it shows."""


def steps_of_a_row(path: Path) -> dict[str, float]:
    """Of SQLite's virtual machine, for each row shown; each row that is read takes some of them."""
    engine, where = opened(f"sqlite:///{path}")
    steps = 0

    def stepped() -> int:
        nonlocal steps
        steps += 1
        return 0

    event.listen(engine, "checkout", lambda connection, *_: connection.set_progress_handler(stepped, 1))
    found = {}
    with Record(engine, where) as record:
        for page, shown in SHOWN.items():
            steps = 0
            rows = shown(record)
            found[page] = steps / rows
    return found


def test_pages_of_a_record_ten_times_as_large_read_no_more_for_a_row(tmp_path: Path) -> None:
    small, large = tmp_path / "small.sqlite3", tmp_path / "large.sqlite3"
    made_record(small, Size(sessions=80, originals=8))
    made_record(large, Size(sessions=800, originals=8))
    of_small, of_large = steps_of_a_row(small), steps_of_a_row(large)
    assert {page for page in SHOWN if of_large[page] > 1.2 * of_small[page]} == set()
    assert min(of_small.values()) > 1


def test_memory_has_grown_by_what_the_second_half_has_above_the_first() -> None:
    assert grown_mib([100, 180, 170, 175, 181, 160]) == 1
    assert grown_mib([180, 100, 90, 80]) == 0


@pytest.mark.soak
@pytest.mark.timeout(4000)
@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed: apt-get install wrk")
@pytest.mark.skipif(shutil.disk_usage(OUT.parent).free < 40 * 10**9, reason="an hour of sessions takes 40 GB of disk")
def test_memory_is_flat_while_sessions_are_taken_for_an_hour() -> None:
    OUT.mkdir(exist_ok=True)
    load, memories_mib = taken(3600)
    assert load.requests > 0
    assert grown_mib(memories_mib) < GROWTH_MIB
