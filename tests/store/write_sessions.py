"""Run as a program by test_writers.py: some threads accept sessions; prints each that was acknowledged, and how.

``write_sessions.py DATABASE FIRST THREADS SESSIONS``: sessions of each thread its own, numbered from FIRST on, and one
that comes from all of them.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from queuemark.store.record import Record
from tests.store.recorded import accept, made

url, (first, threads, sessions) = sys.argv[1], map(int, sys.argv[2:])

with Record.open(url) as record, ThreadPoolExecutor(threads) as pool:

    def write(thread: int) -> list[tuple[int, bool]]:
        own = first + thread * sessions
        numbers = [own, 1, *range(own + 1, own + sessions)]
        return [(number, accept(record, made(number, cpu_model=f"of {number % 3}")).created) for number in numbers]

    for acknowledged in pool.map(write, range(threads)):
        for number, created in acknowledged:
            print(number, int(created))
