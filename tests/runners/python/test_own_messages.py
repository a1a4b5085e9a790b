"""A person's own messages are read as they are, or refused with the place where they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from queuemark.model.errors import UsageError
from queuemark.runners.python.own_messages import read_records


def read(tmp_path: Path, data: bytes, form: str) -> list[bytes]:
    path = tmp_path / "own"
    path.write_bytes(data)
    return read_records(str(path), form)


@pytest.mark.parametrize(
    ("data", "records"),
    [
        (b"one\ntwo", [b"one", b"two"]),
        (b"one\r\n\n\r\ntwo\n", [b"one", b"two"]),
        (b" \xff\x00 \n", [b" \xff\x00 "]),
        (b"a\rb\n", [b"a\rb"]),
    ],
)
def test_a_line_is_a_message(tmp_path: Path, data: bytes, records: list[bytes]) -> None:
    assert read(tmp_path, data, "lines") == records


def test_a_length_stands_before_a_message(tmp_path: Path) -> None:
    assert read(tmp_path, b"\x02\0\0\0a\n\0\0\0\0\x01\0\0\0b", "u32") == [b"a\n", b"", b"b"]


@pytest.mark.parametrize("data", [b"\x02\0\0\0a", b"\x01\0\0\0a\x01\0\0"])
def test_a_file_that_is_cut_short_is_told_where(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UsageError, match=r"own is cut short: the record at byte [05] ends behind"):
        read(tmp_path, data, "u32")


@pytest.mark.parametrize("form", ["lines", "u32"])
def test_no_message_is_too_few(tmp_path: Path, form: str) -> None:
    with pytest.raises(UsageError, match="holds no message"):
        read(tmp_path, b"", form)
    with pytest.raises(UsageError, match="is not a regular file"):
        read_records(str(tmp_path), form)
    with pytest.raises(FileNotFoundError):
        read_records(str(tmp_path / "none"), form)
