"""Rings in shared memory, and what happens where there is no room for them."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from queuemark.runners.python.transport import Case, Unavailable
from queuemark.runners.python.transports.shared_memory import SharedMemoryRing


def test_rings_that_have_no_room_are_unavailable_and_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    reserve = os.posix_fallocate

    def full_at_the_second(descriptor: int, offset: int, size: int) -> None:
        opened.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        if len(opened) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        reserve(descriptor, offset, size)
        assert os.fstat(descriptor).st_blocks * 512 >= size

    monkeypatch.setattr(os, "posix_fallocate", full_at_the_second)
    params: dict[str, Any] = {"slots": 4, "deal_items": 1}
    with pytest.raises(Unavailable, match="No space left on device") as caught:
        SharedMemoryRing(Case(consumers=3, largest_bytes=64, params=params))
    assert "slots=16" in caught.value.remedy
    assert len(opened) == 2
    assert not any(path.exists() for path in opened)
