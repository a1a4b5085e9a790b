"""``queuemark submit`` and a site that runs: a session comes in once, and its sender can change it."""

from __future__ import annotations

import re
from pathlib import Path

from queuemark.model.session import encode_session
from queuemark.store import Store
from tests.examples import SESSION_ID
from tests.report.sessions import sweep
from tests.serving import serving

from .conftest import Call


def test_a_session_comes_in_once_and_its_sender_can_change_it(call: Call, data: Path, tmp_path: Path) -> None:
    with Store.open(data) as store:
        store.add_document(sweep())
    with serving(tmp_path / "site") as site:
        first = call("submit", "--to", site.url, "--yes", "--host-label", "attic", "--notes", "quiet <b>box</b>")
        again = call("submit", "--to", site.url, "--yes")
        assert (first.code, again.code) == (0, 0), first.err + again.err
        [view] = re.findall(r"for everybody: (\S+)", first.out)
        [edit] = re.findall(r"withdraw it: (\S+)", first.out)
        assert view == f"{site.url}/sessions/{SESSION_ID}"
        assert re.findall(r"withdraw it: (\S+)", again.out) == [edit]
        page = site.client.get(view, headers={"accept": "text/html"})
        assert page.status_code == 200
        assert "attic" in page.text
        assert "quiet &lt;b&gt;box&lt;/b&gt;" in page.text
        token = edit.partition("#token=")[2]
        changed = site.client.post(f"{view}/details", headers={"queuemark-token": token}, data={"host_label": "cellar"})
        assert changed.status_code == 200
        foreign = site.client.post(f"{view}/details", headers={"queuemark-token": "0" * 43}, data={"host_label": "x"})
        assert foreign.status_code == 404
    assert edit in call("submit", "--receipts").out


def test_a_session_that_the_site_has_with_another_content_is_refused(call: Call, tmp_path: Path) -> None:
    with serving(tmp_path / "site") as site:
        answers = []
        for seed in (42, 43):
            path = tmp_path / f"{seed}.json"
            path.write_bytes(encode_session(sweep(seed=seed)))
            answers.append(call("submit", str(path), "--to", site.url, "--yes"))
    assert [answer.code for answer in answers] == [0, 1]
    assert "answered 409" in answers[1].last_line
