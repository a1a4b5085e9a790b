"""What waits and what was sent: whole, for its owner alone, and with one token for each site."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from queuemark.model.details import Details
from queuemark.model.errors import QueuemarkError
from queuemark.model.session import SessionDocument
from queuemark.outbox.parcel import Outbox
from tests.examples import SESSION_ID, case, document, trial

SITE = "https://site.example"


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path)


def session(id: str = SESSION_ID) -> SessionDocument:
    of = case()
    return document((of, [trial(of)]), id=id)


def test_what_was_added_waits_as_it_is(outbox: Outbox) -> None:
    made = outbox.add(session(), SITE, Details(notes="quiet"))
    assert outbox.waiting() == [made]
    assert made.label.details.notes == "quiet"
    assert len(made.label.token) >= 43


def test_nobody_else_may_read_what_waits_or_was_sent(outbox: Outbox, tmp_path: Path) -> None:
    made = outbox.add(session(), SITE, Details())
    outbox.add(session("f" * 32), SITE, Details())
    outbox.keep(made.label, "view", "edit")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_session_waits_once_for_a_site_and_keeps_its_token(outbox: Outbox) -> None:
    first = outbox.add(session(), SITE, Details())
    again = outbox.add(session(), SITE, Details(cores=4))
    other = outbox.add(session(), "https://other.example", Details())
    assert again.label.token == first.label.token != other.label.token
    assert sorted(held.label.site for held in outbox.waiting()) == ["https://other.example", SITE]


def test_a_session_that_was_sent_keeps_its_token_too(outbox: Outbox) -> None:
    first = outbox.add(session(), SITE, Details())
    outbox.keep(first.label, "view", "edit")
    assert outbox.waiting() == []
    assert outbox.add(session(), SITE, Details()).label.token == first.label.token


def test_a_later_answer_without_the_private_link_does_not_lose_it(outbox: Outbox) -> None:
    label = outbox.add(session(), SITE, Details()).label
    outbox.keep(label, "view", "edit")
    assert outbox.keep(label, "view again", None).edit == "edit"
    [receipt] = outbox.receipts()
    assert (receipt.view, receipt.edit) == ("view again", "edit")


def test_a_body_without_its_label_does_not_wait(outbox: Outbox, tmp_path: Path) -> None:
    outbox.add(session(), SITE, Details())
    next((tmp_path / "spool").glob("*.json")).unlink()
    assert outbox.waiting() == []


def test_what_is_damaged_says_where_it_lies(outbox: Outbox, tmp_path: Path) -> None:
    outbox.add(session(), SITE, Details())
    next((tmp_path / "spool").glob("*.json")).write_text("{")
    with pytest.raises(QueuemarkError, match=r"spool/.* is damaged"):
        outbox.waiting()


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")
    with pytest.raises(QueuemarkError, match="spool"):
        Outbox(tmp_path).add(session(), SITE, Details())


def test_what_waits_has_its_name_on_the_disk_as_well(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[tuple[Path, set[str]]] = []

    def sync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.is_dir():
            synced.append((path, {held.name for held in path.iterdir()}))

    monkeypatch.setattr("os.fsync", sync)
    label = outbox.add(session(), SITE, Details()).label
    outbox.keep(label, "view", "edit")
    assert [(path.name, len(names)) for path, names in synced] == [("spool", 1), ("spool", 2), ("receipts", 1)]
    assert not any(name.startswith(".") for _, names in synced for name in names)
