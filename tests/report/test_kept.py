"""Reports that nobody asked a place for: beside the sessions, named by them, and not without end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from queuemark.model.errors import QueuemarkError
from queuemark.report.kept import KEPT_HIGH, forget_oldest, report_path


def test_a_report_is_named_by_its_sessions(tmp_path: Path) -> None:
    assert report_path(tmp_path, ["0" * 32]) == tmp_path / "reports" / f"{'0' * 32}.html"
    assert report_path(tmp_path, ["0" * 32, "f" * 32]).name == "00000000-ffffffff.html"


def test_the_newest_are_kept(tmp_path: Path) -> None:
    paths = [report_path(tmp_path, [f"{number:032x}"]) for number in range(KEPT_HIGH + 3)]
    for age, path in enumerate(reversed(paths)):
        path.write_text("report")
        os.utime(path, (1e9 - age, 1e9 - age))
    forget_oldest(tmp_path)
    assert sorted((tmp_path / "reports").iterdir()) == paths[3:]


def test_where_there_is_no_place_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("in the way")
    with pytest.raises(QueuemarkError, match="reports"):
        report_path(tmp_path, ["0" * 32])
