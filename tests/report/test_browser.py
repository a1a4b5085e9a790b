"""The report in a real browser: it asks for nothing, its pictures answer, and nothing else runs in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from queuemark.report.bundle import vega_bundle
from tests.report.sessions import PAYLOADS, hostile, report_of, sweep

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WAIT_MS = 60_000


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a session that is full of markup."""
    place = tmp_path_factory.mktemp("report")
    path = place / "report.html"
    path.write_text(report_of(hostile(" ".join(PAYLOADS)), bundle=vega_bundle(place)), encoding="utf-8")
    return path


class Opened:
    """requests: but the report itself. faults: what the browser complained of."""

    def __init__(self, page: Page, path: Path) -> None:
        self.requests: list[str] = []
        self.faults: list[str] = []
        self.page = page
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        page.goto(path.as_uri())
        self.requests.remove(path.as_uri())


@pytest.fixture
def opened(chromium: Browser, report: Path) -> Iterator[Opened]:
    page = chromium.new_page()
    yield Opened(page, report)
    page.close()


@pytest.mark.timeout(300)
def test_every_picture_answers_and_nothing_is_asked_for(opened: Opened) -> None:
    pictures = opened.page.locator("figure.picture")
    for picture in pictures.all():
        picture.get_by_role("button").click()
        picture.locator(".explored svg").wait_for(timeout=WAIT_MS)
    assert pictures.count() >= 4
    assert opened.requests == []
    assert opened.faults == []


@pytest.mark.timeout(300)
def test_a_choice_is_kept_in_tables_and_pictures(opened: Opened) -> None:
    page = opened.page
    rows = page.locator("table").first.locator("tbody tr:visible")
    before = rows.count()
    page.get_by_role("checkbox", name="pipe", exact=True).uncheck()
    page.locator("figure.picture .explored svg").first.wait_for(timeout=WAIT_MS)
    assert 0 < rows.count() < before
    assert opened.faults == []


@pytest.mark.timeout(300)
def test_pictures_whose_rows_are_cases_keep_to_the_choice(chromium: Browser, tmp_path: Path) -> None:
    """Of one session, and of several beside each other."""
    sync_api = pytest.importorskip("playwright.sync_api")
    path = tmp_path / "report.html"
    path.write_text(report_of(sweep(), sweep("f" * 32), bundle=vega_bundle(tmp_path)), encoding="utf-8")
    page = chromium.new_page()
    page.goto(path.as_uri())
    for part in page.locator("main > section.question, .session").all():
        part.get_by_role("checkbox", name="pipe", exact=True).uncheck()
        part.locator("fieldset select").select_option("4")
    drawn = page.locator(":is(#q-compared, [id$=-trials], [id$=-cost]) .explored")
    for picture in drawn.all():
        picture.locator("svg").wait_for(timeout=WAIT_MS)
        kept, left_out = (picture.locator("text").filter(has_text=re.compile(row)) for row in _ROWS)
        sync_api.expect(left_out).to_have_count(0, timeout=10_000)
        assert kept.count() > 0
    assert drawn.count() >= 3
    page.close()


_ROWS = (r"^tcp .*, .* to 4\b", r"^pipe .*, .* to \d|, .* to 1\b")


def test_what_a_session_says_does_not_run(opened: Opened) -> None:
    assert opened.page.evaluate("window.ran") is None
    assert opened.page.locator("main img, main iframe, main object").count() == 0


def test_a_script_that_gets_in_all_the_same_is_not_run(chromium: Browser, report: Path, tmp_path: Path) -> None:
    path = tmp_path / "changed.html"
    path.write_text(report.read_text("utf-8").replace("<main", "<script>window.ran = 1</script><main"), "utf-8")
    page = chromium.new_page()
    page.goto(path.as_uri())
    assert page.evaluate("window.ran") is None
    page.close()


@pytest.mark.timeout(300)
def test_nothing_serious_keeps_anybody_out(chromium: Browser, report: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = chromium.new_page(bypass_csp=True)
    page.goto(report.as_uri())
    found = axe.Axe().run(page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
    page.close()


def test_a_telephone_does_not_scroll_sideways(chromium: Browser, report: Path) -> None:
    page = chromium.new_page(viewport={"width": 360, "height": 700})
    page.goto(report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()
