"""What is left of a session that was withdrawn: a page that says so, and nothing else."""

from __future__ import annotations

from litestar.testing import TestClient

from queuemark.analysis.estimates import with_estimates
from queuemark.store.record import Record
from queuemark.web.settings import Settings
from tests.store.recorded import TOKEN, accept, made


def test_a_withdrawn_session_is_gone_and_says_when(client: TestClient, settings: Settings) -> None:
    session = with_estimates(made())
    path = f"/sessions/{session.session.id}"
    with Record.open(settings.database) as record:
        accept(record, session)
        assert client.get(path).status_code == 200
        record.withdraw(session.session.id, TOKEN)
    page = client.get(path, headers={"accept": "text/html"})
    assert page.status_code == 410
    assert "was withdrawn" in page.text and '<time datetime="20' in page.text
    assert session.session.plan.command not in page.text
    for kept in (f"{path}.json", f"{path}/pictures/rates.svg", f"{path}/badge.svg", f"/api{path}", f"{path}/edit"):
        assert client.get(kept).status_code == 410
    problem = client.get(f"{path}.json", headers={"accept": "application/json"})
    assert problem.headers["content-type"] == "application/problem+json" and problem.json()["status"] == 410
    assert path not in client.get("/sessions", headers={"accept": "text/html"}).text
