"""What waits is tried again while that makes sense, and leaves the spool when it arrived or never will."""

from __future__ import annotations

from pathlib import Path

import pytest

from queuemark.model.details import Details
from queuemark.outbox.parcel import Outbox, Parcel
from queuemark.outbox.post import DetailsRefused, Refused, Unreachable
from queuemark.outbox.send import send
from tests.examples import SESSION_ID, case, document, trial
from tests.outbox.sites import CUT, Reply, Site, taken


def add(outbox: Outbox, site: str, details: Details | None = None) -> Parcel:
    of = case()
    return outbox.add(document((of, [trial(of)])), site, details or Details())


def test_a_site_that_comes_back_gets_the_session_once(tmp_path: Path) -> None:
    outbox, pauses = Outbox(tmp_path), list[float]()
    with Site(Reply(500), CUT, Reply(429, b"", {"Retry-After": "9"}), taken(SESSION_ID)).open() as site:
        receipt = send(outbox, add(outbox, site.address), 5, pauses.append)
    assert pauses == [1, 2, 9]
    assert len({seen.headers["Queuemark-Token"] for seen in site.seen}) == 1
    assert outbox.waiting() == []
    assert outbox.receipts() == [receipt]


def test_what_cannot_be_sent_now_waits(tmp_path: Path) -> None:
    outbox, pauses = Outbox(tmp_path), list[float]()
    with Site(Reply(503)).open() as site:
        made = add(outbox, site.address)
        with pytest.raises(Unreachable):
            send(outbox, made, 3, pauses.append)
    assert pauses == [1, 2]
    assert outbox.waiting() == [made]
    assert outbox.receipts() == []


def test_what_a_site_will_not_have_does_not_wait(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    with Site(Reply(422, b"no")).open() as site, pytest.raises(Refused):
        send(outbox, add(outbox, site.address), 5, pytest.fail)
    assert len(site.seen) == 1
    assert outbox.waiting() == []


@pytest.mark.parametrize("code", [404, 422])
def test_a_session_that_arrived_without_its_details_has_its_receipt(tmp_path: Path, code: int) -> None:
    outbox = Outbox(tmp_path)
    with (
        Site(taken(SESSION_ID), Reply(code, b"no such word")).open() as site,
        pytest.raises(DetailsRefused, match=rf"arrived.* answered {code}: no such word; .*--receipts"),
    ):
        send(outbox, add(outbox, site.address, Details(notes="quiet")), 5, pytest.fail)
    assert outbox.waiting() == []
    [receipt] = outbox.receipts()
    assert receipt.edit == f"https://site.example/sessions/{SESSION_ID}/edit#token=secret"


def test_details_that_did_not_get_through_are_sent_again_with_the_session(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    replies = (taken(SESSION_ID), Reply(503), taken(SESSION_ID), Reply(200, b"{}"))
    with Site(*replies).open() as site:
        receipt = send(outbox, add(outbox, site.address, Details(cores=4)), 2, lambda _: None)
    assert [seen.path.rpartition("/")[2] for seen in site.seen] == ["sessions", "details"] * 2
    assert outbox.receipts() == [receipt]
