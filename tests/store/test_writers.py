"""Many writers at once, in threads and in processes: nobody is refused, nothing is lost, every count is right."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import update

from queuemark.model.details import Details
from queuemark.model.errors import Withdrawn
from queuemark.store.engine import writing
from queuemark.store.opening import opened
from queuemark.store.record import Record
from queuemark.store.rows import SessionFilter, Totals
from queuemark.store.tables import totals
from tests.store.recorded import TOKEN, accept, made

PROGRAM = Path(__file__).parent / "write_sessions.py"

PROCESSES = 4
THREADS = 4
SESSIONS = 3
"""Of each thread."""


def test_sixteen_writers_at_once(database_url: str) -> None:
    arguments = [sys.executable, str(PROGRAM), database_url]
    writers = [
        subprocess.Popen(
            [*arguments, str(1000 * (writer + 1)), str(THREADS), str(SESSIONS)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for writer in range(PROCESSES)
    ]
    said = [writer.communicate(timeout=100) for writer in writers]
    assert [(writer.returncode, errors) for writer, (_, errors) in zip(writers, said, strict=True)] == [
        (0, "")
    ] * PROCESSES
    lines = [tuple(map(int, line.split())) for printed, _ in said for line in printed.splitlines()]
    created = Counter(number for number, new in lines if new)
    own = PROCESSES * THREADS * SESSIONS
    assert len(created) == own + 1
    assert set(created.values()) == {1}
    with Record.open(database_url) as record:
        found = {int(row.id, 16) for row in record.recent(100)}
        assert found == set(created)
        assert record.totals() == Totals(sessions=own + 1, cases=own + 1, trials=3 * (own + 1), platforms=3)
        for place in range(3):
            wanted = SessionFilter(cpu_model=f"of {place}", transport="tcp")
            assert len(record.recent(100, wanted=wanted)) == sum(number % 3 == place for number in created)


def test_a_session_is_withdrawn_once_by_whoever_is_first(record: Record) -> None:
    for number in (1, 2):
        accept(record, made(number))
    together = threading.Barrier(4)

    def change(thread: int) -> str:
        together.wait(timeout=30)
        try:
            if thread % 2:
                record.edit(made(1).session.id, TOKEN, Details(notes="late"))
                return "edited"
            record.withdraw(made(1).session.id, TOKEN)
        except Withdrawn:
            return "too late"
        return "withdrawn"

    with ThreadPoolExecutor(4) as threads:
        said = Counter(threads.map(change, range(4)))
    assert said["withdrawn"] == 1
    assert record.totals() == Totals(sessions=1, cases=1, trials=3, platforms=1)


def test_readers_do_not_wait_for_a_writer(database_url: str) -> None:
    with Record.open(database_url) as record:
        accept(record, made(1))
        engine, _ = opened(database_url)
        with writing(engine).begin() as connection:
            connection.execute(update(totals).values(sessions=100))
            assert record.totals().sessions == 1
        assert record.totals().sessions == 100
        engine.dispose()
