"""The native test programs: one file each in native/tests, exit 0 passed, 77 skipped.

They are built by ``make build/release/built``; QUEUEMARK_NATIVE_BUILD names another build of them.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = ROOT / os.environ.get("QUEUEMARK_NATIVE_BUILD", "build/release") / "native"
SANITIZED = ROOT / "build/sanitize/native"
SOURCES = sorted((ROOT / "native" / "tests").glob("*.cpp"))
SKIPPED = 77


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_native_program_passes(source: Path, tmp_path: Path) -> None:
    program = BUILD / f"test_{source.stem}"
    if not program.exists():
        pytest.skip(f"{program.relative_to(ROOT)} is not built: make build/release/built")
    ended = subprocess.run(
        [program], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, check=False
    )
    said = ended.stdout + ended.stderr
    if "ThreadSanitizer: unexpected memory mapping" in said:
        pytest.skip("ThreadSanitizer cannot start among addresses that are so random: sysctl vm.mmap_rnd_bits=28")
    if ended.returncode == SKIPPED:
        pytest.skip(said.strip() or "the program gives no reason")
    assert ended.returncode == 0, said


@pytest.mark.soak
@pytest.mark.timeout(700)
def test_no_bytes_from_a_server_are_read_wrongly_for_ten_minutes(tmp_path: Path) -> None:
    """What a server of NATS may send, cut up and damaged anew each time, under the address sanitizer."""
    program = SANITIZED / "test_nats_protocol"
    if not program.exists():
        pytest.skip(f"{program.relative_to(ROOT)} is not built: make build/sanitize/built")
    ended = subprocess.run([program, "600"], cwd=tmp_path, capture_output=True, text=True, timeout=690, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_there_are_native_programs() -> None:
    assert SOURCES
