"""A person's own messages: what is read, and what is said of a file that cannot be."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.measure import messages
from queuemark.measure.messages import read_messages
from queuemark.model.errors import UsageError


def written(directory: Path, content: bytes) -> Path:
    path = directory / "own.txt"
    path.write_bytes(content)
    return path


def refusal(path: Path, message_format: str = "lines") -> str:
    with pytest.raises(UsageError) as caught:
        read_messages(path, message_format)  # type: ignore[arg-type]
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    return text


def test_lines(tmp_path: Path) -> None:
    content = b"first\nsecond one\r\n\r\n\nlast"
    source = read_messages(written(tmp_path, content))
    assert (source.count, source.total_bytes, source.largest_bytes) == (3, 5 + 10 + 4, 10 + 8)
    assert source.sha256 == hashlib.sha256(content).hexdigest()
    assert (source.name, source.format) == ("own.txt", "lines")


def test_bytes_of_any_kind_are_a_line(tmp_path: Path) -> None:
    source = read_messages(written(tmp_path, b"\x00\xff\x80\n\r\n a\rb \n"))
    assert (source.count, source.total_bytes) == (2, 3 + 5)


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=20))
def test_records(tmp_path_factory: pytest.TempPathFactory, records: list[bytes]) -> None:
    content = b"".join(len(record).to_bytes(4, "little") + record for record in records)
    source = read_messages(written(tmp_path_factory.mktemp("u32"), content), "u32")
    assert source.count == len(records)
    assert source.total_bytes == sum(map(len, records))
    assert source.largest_bytes == max(map(len, records)) + 8


def test_a_missing_file(tmp_path: Path) -> None:
    assert "No such file or directory" in refusal(tmp_path / "gone")


@pytest.mark.parametrize("content", [b"", b"\n\r\n\n"])
def test_no_message(tmp_path: Path, content: bytes) -> None:
    assert "holds no message" in refusal(written(tmp_path, content))


def test_no_record(tmp_path: Path) -> None:
    assert "length-prefixed record" in refusal(written(tmp_path, b""), "u32")


def test_a_directory(tmp_path: Path) -> None:
    assert "not a regular file" in refusal(tmp_path)


def test_a_fifo_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert "not a regular file" in refusal(tmp_path / "fifo")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"\x02\0\0\0ab\x05\0\0\0abc", "record at byte 6 is cut short, the file ends after 3 of its 5 bytes"),
        (b"\x02\0\0\0ab\x05\0", "record at byte 6 is cut short, the file ends after 2 of 4 bytes"),
        (b"text, not records", "is above the largest message"),
    ],
)
def test_a_broken_record_is_named_by_its_offset(tmp_path: Path, content: bytes, named: str) -> None:
    assert named in refusal(written(tmp_path, content), "u32")


def test_a_message_at_and_above_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MESSAGE_HIGH_BYTES", 10)
    assert read_messages(written(tmp_path, b"x" * 10 + b"\r\nab\n")).count == 2
    assert "line 2 is above the largest message of 10 bytes" in refusal(written(tmp_path, b"ab\n" + b"x" * 11))
    assert "line 1" in refusal(written(tmp_path, b"x" * 1000))
    assert "record at byte 5 (11 bytes)" in refusal(written(tmp_path, b"\x01\0\0\0a\x0b\0\0\0" + b"x" * 11), "u32")
