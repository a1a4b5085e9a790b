"""What a person may add to a session."""

from __future__ import annotations

import msgspec
import pytest

from queuemark.model.details import Details


def read(**said: object) -> Details:
    return msgspec.convert(said, Details)


def test_nothing_need_be_said() -> None:
    assert read() == Details(host_label="", processor="", cores=None, notes="")


def test_the_longest_of_each_is_taken() -> None:
    said = read(host_label="h" * 80, processor="ü" * 120, cores=65_536, notes="n\n" * 2000)
    assert (len(said.processor), len(said.notes)) == (120, 4000)


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({"host_label": "h" * 81}, r"\$.host_label"),
        ({"processor": "p" * 121}, r"\$.processor"),
        ({"notes": "n" * 4001}, r"\$.notes"),
        ({"cores": 0}, r"\$.cores"),
        ({"cores": 65_537}, r"\$.cores"),
        ({"cores": "8"}, r"\$.cores"),
        ({"color": "blue"}, "color"),
    ],
)
def test_what_is_too_long_or_unknown_is_told_by_its_place(said: dict[str, object], place: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=place):
        read(**said)


@pytest.mark.parametrize("name", ["host_label", "processor", "notes"])
@pytest.mark.parametrize("odd", ["\0", "\x1b[2J", "\x7f", "\x85", "\r", "\t", "\ud800"])
def test_control_characters_are_refused(name: str, odd: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=f"{name} holds the control character U\\+{ord(odd[0]):04X}"):
        read(**{name: f"a{odd}b"})


def test_notes_have_lines_and_nothing_else_has() -> None:
    assert read(notes="one\r\ntwo\n").notes == "one\ntwo\n"
    with pytest.raises(msgspec.ValidationError, match="U\\+000A"):
        read(host_label="one\ntwo")


def test_what_looks_like_markup_is_text() -> None:
    said = read(notes="<script>alert(1)</script>", host_label="=cmd()")
    assert (said.notes, said.host_label) == ("<script>alert(1)</script>", "=cmd()")
