"""What waits is tried again while that makes sense, and leaves the spool when it arrived or never will."""

from __future__ import annotations

from pathlib import Path

import pytest

from queuemark.model.details import Details
from queuemark.outbox.parcel import Outbox, Parcel
from queuemark.outbox.post import Refused, Unreachable
from queuemark.outbox.send import send
from tests.examples import SESSION_ID, case, document, trial
from tests.outbox.sites import CUT, Reply, Site, taken


def add(outbox: Outbox, site: str) -> Parcel:
    of = case()
    return outbox.add(document((of, [trial(of)])), site, Details())


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
