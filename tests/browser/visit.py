"""The pages of a site, and a visit to one: what the browser complained of, and whether the page fits."""

from __future__ import annotations

__all__ = ["PAGES", "SWEEP", "Shown", "filled", "visited"]

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from queuemark.model.plan import case_key
from tests.serving import TOKEN, Site
from tests.submissions import disputed, encoded, golden, original, renamed, sweep

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SWEEP, OTHER, DISPUTED, WITHDRAWN = ("a1" * 16, "b2" * 16, "c3" * 16, "d4" * 16)
GOLDEN = golden().session.id

SIZES = (64, 1024)


class Shown(NamedTuple):
    """A site with sessions. names: what stands for ids in PAGES."""

    site: Site
    names: dict[str, str]

    def address(self, page: str) -> str:
        return self.site.url + PAGES[page].format(**self.names)


PAGES = {
    "front": "/",
    "sessions": "/sessions",
    "sessions of a mechanism": "/sessions?transport=pipe",
    "session": "/sessions/{sweep}",
    "session, latency, linear, filtered": "/sessions/{sweep}?view=latency&consumers=1&transport=tcp&scale=linear",
    "session with failed trials": "/sessions/{golden}",
    "disputed session": "/sessions/{disputed}",
    "original's session": "/sessions/{original}",
    "case": "/sessions/{sweep}/cases/{case}",
    "platforms": "/platforms",
    "platform": "/platforms/{platform}",
    "compare": "/compare?sessions={sweep},{other}",
    "advise": "/advise?size=64&consumers=1",
    "details": "/sessions/{sweep}/edit",
    "submit": "/submit",
    "docs": "/docs",
}
"""By what a page shows; all answer 200."""


def filled(site: Site, sizes: tuple[int, ...] = SIZES) -> Shown:
    """Submits one session of every kind."""
    swept = sweep(SWEEP, sizes=sizes)
    for document in (
        disputed(DISPUTED),
        golden(),
        renamed(sweep(OTHER, sizes=sizes, factor=1.4), OTHER),
        sweep(WITHDRAWN, sizes=(16,)),
    ):
        site.submit(encoded(document))
    gone = site.client.post(f"/sessions/{WITHDRAWN}/withdraw", headers={"Queuemark-Token": TOKEN})
    assert gone.status_code < 400, gone.text
    site.submit_original(original("5f4dcc3b5aa765d61d8327deb882cf99"))
    site.submit(encoded(swept))
    recent = site.client.get("/api/sessions").json()["sessions"]
    names = {
        "sweep": SWEEP,
        "other": OTHER,
        "golden": GOLDEN,
        "disputed": DISPUTED,
        "withdrawn": WITHDRAWN,
        "original": next(row["id"] for row in recent if row["source"] == "queueable"),
        "platform": next(row["platform"] for row in recent if row["id"] == SWEEP),
        "case": case_key(swept.cases[0].case),
    }
    return Shown(site=site, names=names)


@contextmanager
def visited(chromium: Browser, address: str, *, status: int = 200, **context: Any) -> Iterator[tuple[Page, list[str]]]:
    """The page with all that it loads, and what the browser complains of then and later.

    context: what a visitor's browser is like, in Playwright's words.
    """
    with chromium.new_context(**context) as visitor:
        page = visitor.new_page()
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(f"{request.url}: {request.failure}"))
        answer = page.goto(address, wait_until="load")
        assert answer is not None and answer.status == status, f"{address}: {answer and answer.status}"
        yield page, complaints
