"""What checks are tried with: files that nothing can leave behind."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from queuemark.brokers.kept import Kept
from queuemark.conform.bench import NO_FILE, Bench
from queuemark.runners.registry import Offer
from queuemark.runners.stop import Stop
from tests.examples import transports


def test_a_file_is_there_for_other_processes_and_gone_with_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    offer = Offer(transport=transports()["pipe"], command=("/bin/true",))
    with Stop() as stop, Kept() as servers, Bench(offer, stop, servers) as bench:
        path = bench.file(b"one\ntwo\n")
        assert subprocess.run(["cat", str(path)], capture_output=True, check=True).stdout == b"one\ntwo\n"
        assert path.is_file()
        assert list(tmp_path.iterdir()) == []
    assert not path.exists()
    assert not NO_FILE.exists()
