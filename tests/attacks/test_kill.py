"""SIGKILL to the server while sessions come in: what was acknowledged is there at the next start, and whole."""

from __future__ import annotations

import itertools
import os
import random
import signal
import sqlite3
import threading
import time
from pathlib import Path

import httpx
import pytest

from queuemark.model.session import SessionDocument
from queuemark.store.directory import DATABASE_NAME
from tests.examples import SESSION_ID, case, document, trial
from tests.serving import TOKEN, Site, serving
from tests.submissions import encoded

SENDERS = 4
BUSY_S = 60.0
HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "Queuemark-Token": TOKEN}


def small() -> SessionDocument:
    of = case()
    return document((of, [trial(of, repeat) for repeat in range(3)]))


def posted_until_gone(
    site: Site, text: bytes, ids: itertools.count[int], acknowledged: list[str], busy: threading.Event
) -> None:
    """Submits session after session until the server is no more; busy: is set when it has taken one."""
    with httpx.Client(base_url=site.url, timeout=60, trust_env=False) as client:
        while True:
            id = f"{next(ids):032x}"
            try:
                answer = client.post(
                    "/sessions", content=text.replace(SESSION_ID.encode(), id.encode()), headers=HEADERS
                )
            except httpx.TransportError:
                return
            assert answer.status_code == 201, answer.text
            acknowledged.append(id)
            busy.set()


def killed_under_posting(directory: Path, kills: int) -> None:
    moments, ids, text = random.Random("kill"), itertools.count(1), encoded(small())
    acknowledged: list[str] = []
    for _ in range(kills):
        with serving(directory) as site:
            busy = threading.Event()
            arguments = (site, text, ids, acknowledged, busy)
            senders = [threading.Thread(target=posted_until_gone, args=arguments) for _ in range(SENDERS)]
            for sender in senders:
                sender.start()
            assert busy.wait(BUSY_S)
            # A random moment is what is waited for here; there is no event to wait for.
            time.sleep(moments.random() * 0.5)
            for pid in reversed(site.processes):
                os.kill(pid, signal.SIGKILL)
            for sender in senders:
                sender.join()
    assert len(acknowledged) >= kills
    with sqlite3.connect(directory / "data" / DATABASE_NAME) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    database.close()
    with serving(directory) as site:
        assert {id for id in acknowledged if not whole(site, id)} == set()


def whole(site: Site, id: str) -> bool:
    """Whether the session is there with its case, and is still its submitter's."""
    answer = site.client.get(f"/sessions/{id}.json")
    return answer.status_code == 200 and len(answer.json()["cases"]) == 1


def test_no_acknowledged_session_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    killed_under_posting(tmp_path, 8)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_no_acknowledged_session_is_lost_in_200_kills(tmp_path: Path) -> None:
    killed_under_posting(tmp_path, 200)


def test_sixteen_writers_at_once_are_all_accepted_and_each_once(tmp_path: Path) -> None:
    """Every session is sent by two of them at the same time."""
    text = encoded(small())
    accepted: list[tuple[str, bool]] = []

    def post(site: Site, writer: int) -> None:
        with httpx.Client(base_url=site.url, timeout=60, trust_env=False) as client:
            for place in range(10):
                id = f"{writer // 2:08x}{place:024x}"
                answer = client.post(
                    "/sessions", content=text.replace(SESSION_ID.encode(), id.encode()), headers=HEADERS
                )
                assert answer.status_code == 201, answer.text
                accepted.append((id, answer.json()["created"]))

    with serving(tmp_path) as site:
        writers = [threading.Thread(target=post, args=(site, writer)) for writer in range(16)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert len(accepted) == 160
        assert sorted(id for id, created in accepted if created) == sorted({id for id, _ in accepted})
        assert site.client.get("/api/front").status_code == 200
        assert "locked" not in site.log.read_text(encoding="utf-8")
