"""Every page, as people with other eyes, other screens and other browsers have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.visit import PAGES, Shown, visited

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

VISITORS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
}

AXE: dict[str, dict[str, Any]] = {
    "light": {"resultTypes": ["violations"]},
    "dark": {"resultTypes": ["violations"], "runOnly": ["color-contrast"]},
}
"""In the dark colours are all that differs."""

GRAVE = ("serious", "critical")

FOCUSABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"

WIDER = """() => {
    const width = document.documentElement.clientWidth;
    return document.documentElement.scrollWidth <= width ? [] : [...document.querySelectorAll("body *")]
        .filter(each => each.getBoundingClientRect().right > width + 1)
        .map(each => each.outerHTML.slice(0, 120)).slice(0, 5);
}"""

UNDRAWN = "() => [...document.images].filter(image => !image.naturalWidth).map(image => image.src)"

LOADED = "() => performance.getEntriesByType('resource').map(each => each.name)"

FOCUSED = """() => {
    const held = document.activeElement;
    if (!held || held === document.body) return null;
    const style = getComputedStyle(held);
    return {
        place: [...document.querySelectorAll("*")].indexOf(held),
        seen: style.outlineStyle !== "none" || style.boxShadow !== "none",
        html: held.outerHTML.slice(0, 160),
    };
}"""

REACHABLE = """selector => {
    const all = [...document.querySelectorAll("*")];
    const shown = each => each.checkVisibility() && !each.disabled && each.tabIndex >= 0;
    return [...document.querySelectorAll(selector)].filter(shown).map(each => all.indexOf(each));
}"""


def drawn(page: Page) -> None:
    """Waits for pictures that load only when they come into sight."""
    page.evaluate("() => document.querySelectorAll('img[loading=lazy]').forEach(image => { image.loading = 'eager'; })")
    page.wait_for_function("() => [...document.images].every(image => image.complete)")


@pytest.mark.parametrize("visitor", VISITORS)
@pytest.mark.parametrize("page_name", PAGES)
def test_a_page_loads_whole_fits_and_gives_axe_nothing_to_say(
    shown: Shown, chromium: Browser, page_name: str, visitor: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    with visited(chromium, shown.address(page_name), **VISITORS[visitor]) as (page, complaints):
        drawn(page)
        assert page.evaluate(UNDRAWN) == []
        assert page.evaluate(WIDER) == []
        # What draws interactive pictures is loaded for who asks for them, and nothing at all from elsewhere.
        loaded = page.evaluate(LOADED)
        assert [each for each in loaded if "vega" in each or not each.startswith(shown.site.url)] == []
        found = axe.Axe().run(page, options=AXE[visitor]).response["violations"] if visitor in AXE else []
        grave = [f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in GRAVE]
        assert grave == []
        assert complaints == []


@pytest.mark.parametrize("page_name", PAGES)
def test_the_keyboard_reaches_everything_and_shows_where_it_is(shown: Shown, chromium: Browser, page_name: str) -> None:
    with visited(chromium, shown.address(page_name), **VISITORS["light"]) as (page, _):
        due = set(page.evaluate(REACHABLE, FOCUSABLE))
        reached, unseen = set(), []
        # Behind the last the browser itself has the focus, then the first comes again.
        for _step in range(len(due) + 2):
            page.keyboard.press("Tab")
            focused = page.evaluate(FOCUSED)
            if focused is None or focused["place"] in reached:
                break
            reached.add(focused["place"])
            unseen += [] if focused["seen"] else [focused["html"]]
        assert reached >= due
        assert unseen == []


@pytest.mark.parametrize("page_name", PAGES)
def test_without_javascript_all_content_is_there(shown: Shown, chromium: Browser, page_name: str) -> None:
    address = shown.address(page_name)
    with visited(chromium, address, **VISITORS["light"]) as (page, _):
        drawn(page)
        scripted = content(page)
    with visited(chromium, address, java_script_enabled=False, **VISITORS["light"]) as (page, complaints):
        assert content(page) == scripted
        assert complaints == []


def content(page: Page) -> dict[str, list[str]]:
    """Text that stands on the page, whatever buttons a script adds."""
    return {kind: page.locator(kind).all_inner_texts() for kind in ("h1, h2, h3", "p", "tr", "a", "label")}
