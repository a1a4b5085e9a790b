"""The CSV report: a row each, whatever sessions it is of."""

from __future__ import annotations

import csv
import io

import pytest

from queuemark.report.rows import csv_report
from tests.report.sessions import sweep


@pytest.mark.parametrize(("level", "rows"), [("case", 13), ("trial", 39), ("consumer", 93)])
def test_sessions_stand_below_each_other_in_one_table(level: str, rows: int) -> None:
    held = list(csv.DictReader(io.StringIO(csv_report([sweep(), sweep("f" * 32)], level))))
    assert len(held) == 2 * rows
    assert [row["session"] for row in held] == ["0123456789abcdef0123456789abcdef"] * rows + ["f" * 32] * rows
    assert {row["transport"] for row in held} == {"tcp", "pipe", "mq-posix"}
