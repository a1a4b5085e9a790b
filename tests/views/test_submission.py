"""What a person sees before a session is sent: all that names somebody, and what was taken out."""

from __future__ import annotations

import msgspec

from queuemark.model.details import Details
from queuemark.model.workload import MessagesSource
from queuemark.views.submission import submission_lines
from tests.examples import case, document, trial

SITE = "https://site.example"


def lines(details: Details | None = None, address: str = SITE, **removed: int) -> list[str]:
    of = case()
    named = {what.replace("_", " "): count for what, count in removed.items()}
    return list(submission_lines(document((of, [trial(of)])), named, details or Details(), address))


def test_what_is_sent_is_said_with_its_amount() -> None:
    text = "\n".join(lines())
    assert "1 case, 1 trial with their counts and times" in text
    assert "taken out: nothing had to be" in text
    assert "no host name, no user name and no path is sent" in text


def test_what_was_taken_out_and_what_was_added_is_said() -> None:
    text = "\n".join(lines(Details(host_label="attic", notes="a\nb"), path=2, host_name=1))
    assert "taken out: path (2 times), host name (1 time)" in text
    assert "added by you, host label: attic" in text
    assert "added by you, notes: a / b" in text


def test_files_of_messages_are_named() -> None:
    source = MessagesSource(
        name="orders.txt", format="lines", sha256="0" * 64, count=3, total_bytes=30, largest_bytes=18
    )
    of = msgspec.structs.replace(case(), workload=msgspec.structs.replace(case().workload, messages=source))
    text = "\n".join(submission_lines(document((of, [])), {}, Details(), SITE))
    assert "names of your message files, and nothing of their content: orders.txt" in text


def test_an_address_without_encryption_is_told_unless_it_is_this_machine() -> None:
    assert any("is not encrypted" in line for line in lines(address="http://site.example"))
    assert not any("is not encrypted" in line for line in [*lines(), *lines(address="http://127.0.0.1:8000")])
