"""Measures this project beside bare programs: ``python bench/run.py [--only PATTERN] [--pairs N] [--list]``.

1. Tables go to stdout, progress to stderr; every sample goes to bench/out/bench.json, also after an interruption.
2. Exit code 0: every row was measured, met or not, or needs what is not installed; 1: at least one could not be
   measured; 2: usage; 130: interrupted.
"""

from __future__ import annotations

__all__ = ["main"]

import argparse
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import msgspec

from bench.bare import OUT, NotInstalled, build
from bench.judgement import PAIRS_LOW
from bench.row import Outcome, Row, Setting
from bench.rows import all_rows
from bench.table import tables
from queuemark.model.errors import QueuemarkError


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    rows = [row for row in all_rows() if _wanted(row, options.only) and (row.has_control or not options.control)]
    if not rows:
        print(f"no row matches {', '.join(options.only)}; see --list", file=sys.stderr)
        return 2
    if options.list:
        width = max(len(row.name) for row in rows)
        print("\n".join(f"{row.name:<{width}} {row.goal}" for row in rows))
        return 0
    setting = Setting(pairs=options.pairs, trial_s=options.trial_s, seed=options.seed, control=options.control)
    try:
        build()
    except QueuemarkError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return _measure(rows, setting, options.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench/run.py", description="This project beside bare programs, in one run.")
    parser.add_argument("--only", action="append", default=[], metavar="PATTERN", help="rows by name: each/*, *tcp*")
    parser.add_argument("--pairs", type=_positive, default=PAIRS_LOW, metavar="N", help="pairs a row (default 15)")
    parser.add_argument("--trial-s", type=float, default=0.4, metavar="S", help="length of one side (default 0.4)")
    parser.add_argument("--seed", type=_positive, default=1, metavar="N", help="seeds content and bootstrap")
    parser.add_argument("--control", action="store_true", help="bare against bare: what the machine's noise alone does")
    parser.add_argument("--json", type=Path, default=OUT / "bench.json", metavar="FILE", help="where all samples go")
    parser.add_argument("--list", action="store_true", help="name the rows and what they must reach")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is below 1")
    return value


def _wanted(row: Row, patterns: list[str]) -> bool:
    return not patterns or any(fnmatch(row.name, pattern) or pattern in row.name for pattern in patterns)


def _measure(rows: list[Row], setting: Setting, json_path: Path) -> int:
    outcomes: list[Outcome] = []
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    code = 0
    try:
        for number, row in enumerate(rows, 1):
            print(f"{number}/{len(rows)} {row.name}", file=sys.stderr, flush=True)
            outcomes.append(_outcome(row, setting))
            _write(json_path, started_at, setting, outcomes)
    except KeyboardInterrupt:
        code = 130
    print(tables(outcomes))
    return code or int(any(outcome.verdict == "failed" for outcome in outcomes))


def _outcome(row: Row, setting: Setting) -> Outcome:
    try:
        return row.run(setting)
    except NotInstalled as error:
        return row.failed(str(error), "unavailable")
    except (QueuemarkError, OSError, subprocess.TimeoutExpired) as error:
        return row.failed(str(error))


def _write(path: Path, started_at: str, setting: Setting, outcomes: list[Outcome]) -> None:
    document = {
        "started_at": started_at,
        "command": " ".join(["python", *sys.argv]),
        "machine": {
            "kernel": platform.release(),
            "cpus": len(os.sched_getaffinity(0)),
            "load_1min": os.getloadavg()[0],
        },
        "setting": setting,
        "outcomes": outcomes,
    }
    part = path.with_name(path.name + ".part")
    part.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
