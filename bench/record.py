"""Makes a record of many sessions: ``python bench/record.py FILE [--sessions N]``, 100,000 in some minutes.

1. A few hundred sessions go in as any site takes them; the others are copies of these under ids of their own, in every
   table, so that each page finds what it would find had they come one by one.
2. Each is copied equally often: kept counts are those of the originals, times the copies.
3. What is packed is copied as it is: it still names the session that it was copied from, which no page looks at.
"""

from __future__ import annotations

__all__ = ["SHAPE", "Size", "made_record", "main"]

import argparse
import sqlite3
import sys
import time
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import msgspec
from sqlalchemy import Table

from bench.site.sessions import Shape, made_session
from queuemark.analysis.summary import summaries
from queuemark.store.record import Record
from queuemark.store.tables import cases, documents, facets, listed, platforms, sessions, totals

SHAPE = Shape(transports=5, sizes=4, consumers=3, repeats=5)
"""60 cases, 300 trials."""

ORIGINALS = 250
_COPIED_AT_ONCE = 25


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """originals: how many of the sessions were made one by one; sessions is a multiple of it."""

    sessions: int
    originals: int = ORIGINALS

    @property
    def copies(self) -> int:
        """Of each original, itself included."""
        return self.sessions // self.originals


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench/record.py", description="A record of many sessions, for a site.")
    parser.add_argument("file", type=Path, help="an SQLite file that is not there yet")
    parser.add_argument("--sessions", type=int, default=100_000, metavar="N", help="a multiple of 250 (100,000)")
    options = parser.parse_args(arguments)
    if options.file.exists() or options.sessions < ORIGINALS or options.sessions % ORIGINALS:
        parser.error(f"the file must not be there, and --sessions be a multiple of {ORIGINALS}")
    made_record(options.file, Size(sessions=options.sessions))
    return 0


def made_record(path: Path, size: Size) -> None:
    """The file is not there before, and is whole when this returns; says on stderr how far it is."""
    part = path.with_name(path.name + ".part")
    for left in (part, *_beside(part)):
        left.unlink(missing_ok=True)
    with Record.open(f"sqlite:///{part}") as record:
        for number in range(size.originals):
            _tell("made", number + 1, size.originals)
            _accept(record, number)
    _multiply(part, size)
    part.replace(path)


def _beside(path: Path) -> list[Path]:
    return [path.with_name(path.name + ending) for ending in ("-wal", "-shm")]


def _accept(record: Record, number: int) -> None:
    document = made_session(number, SHAPE)
    token = document.session.id
    record.accept(document, source="queuemark", token=token, disputed=[], summaries=summaries(document))


def _multiply(path: Path, size: Size) -> None:
    """Nothing is synced and nothing can be rolled back: who is interrupted begins again."""
    with sqlite3.connect(path, isolation_level=None) as connection:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = 'cases'"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        _plan_copies(connection, size)
        for first in range(1, size.copies, _COPIED_AT_ONCE):
            _tell("copied", first * size.originals, size.sessions)
            _copy(connection, first, min(first + _COPIED_AT_ONCE, size.copies))
        _tell("copied", size.sessions, size.sessions)
        for _, made in indexes:
            connection.execute(made)
        for table, names in ((facets, ("sessions",)), (platforms, ("sessions",)), (totals, _KEPT_TOTALS)):
            changes = ", ".join(f"{name} = {name} * {size.copies}" for name in names)
            connection.execute(f"UPDATE {table.name} SET {changes}")
        # As the site has it, so that it need not be changed before the first page.
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.close()


_KEPT_TOTALS = ("sessions", "cases", "trials")


def _plan_copies(connection: sqlite3.Connection, size: Size) -> None:
    """A row a session to be: turn 0 are the originals."""
    connection.execute(
        "CREATE TEMP TABLE copies (turn INTEGER, number INTEGER PRIMARY KEY, id TEXT, of_number INTEGER, of_id TEXT)"
    )
    connection.execute(
        "WITH RECURSIVE turns (turn) AS (SELECT 1 UNION ALL SELECT turn + 1 FROM turns WHERE turn + 1 < ?) "
        "INSERT INTO copies "
        "SELECT turn, turn * ? + number, lower(hex(randomblob(16))), number, id FROM turns CROSS JOIN sessions",
        (size.copies, size.originals),
    )


def _copy(connection: sqlite3.Connection, first: int, end: int) -> None:
    """Every row of these turns, in the order of the sessions' numbers."""
    for table in (sessions, documents, cases, listed):
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        connection.execute(
            f"INSERT INTO {table.name} ({columns}) SELECT {_copied(table)} FROM copies "
            f"JOIN {table.name} AS held ON {_ORIGINAL[table]} WHERE turn >= ? AND turn < ? ORDER BY copies.number",
            (first, end),
        )


_ORIGINAL = {
    sessions: "held.number = of_number",
    documents: "held.session_id = of_id",
    cases: "held.session_id = of_id",
    listed: "held.number = of_number",
}


def _copied(table: Table) -> str:
    """What of a row is the copy's own."""
    own = {"number": "copies.number", "digest": "copies.id || copies.id", "session_id": "copies.id"}
    if table is sessions:
        own["id"] = "copies.id"
    return ", ".join(own.get(column.name, f'held."{column.name}"') for column in table.columns)


def _tell(what: str, done: int, of: int) -> None:
    if done == of or done % max(1, of // 10) == 0:
        print(f"sessions {what}: {done} of {of}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    begun = time.monotonic()
    code = main()
    print(f"took {time.monotonic() - begun:.0f} s", file=sys.stderr)
    sys.exit(code)
