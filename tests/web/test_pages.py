"""Every page for reading is there, says what it shows, links to what exists, and shows people's words as text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from litestar.testing import TestClient

from queuemark.model.plan import case_key
from queuemark.views.registry import VIEWS
from tests.submissions import sweep
from tests.web.reading import DISPUTED, OTHER, SMALL, SWEEP, UNPROVED

CASE = case_key(sweep(SWEEP, sizes=(16,)).cases[0].case)

PAGES = (
    "/",
    "/sessions",
    "/sessions?transport=tcp&system=Linux",
    f"/sessions/{SWEEP}",
    f"/sessions/{SWEEP}/cases/{CASE}",
    f"/sessions/{SWEEP}/edit",
    f"/sessions/{SWEEP}/embed/rates",
    f"/sessions/{DISPUTED}",
    f"/sessions/{UNPROVED}",
    "/platforms",
    "/compare",
    f"/compare?sessions={SWEEP},{OTHER}",
    "/advise",
    "/submit",
)


class Found(HTMLParser):
    """links: of anchors, pictures, style sheets and scripts. marks: (element, attributes) of everything."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.marks: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.marks.append((tag, dict(attrs)))

    @property
    def links(self) -> set[str]:
        return {target for _, held in self.marks for name in ("href", "src", "data-spec") if (target := held.get(name))}

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [held for name, held in self.marks if name == tag]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_what_it_shows_and_where_it_is(site: TestClient, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    found = Found(answer.text)
    assert re.search(r"<title>[^<]+ · queuemark</title>", answer.text)
    assert [held["href"] for held in found.all("link") if held["rel"] == "canonical"]
    assert [held["lang"] for held in found.all("html")] == ["en"]


@pytest.mark.parametrize("path", PAGES)
def test_nothing_of_a_page_is_inline_or_from_elsewhere(site: TestClient, path: str) -> None:
    found = Found(site.get(path).text)
    assert not found.all("style")
    assert all(held.get("src") for held in found.all("script"))
    assert not [held for _, held in found.marks if "style" in held or any(name.startswith("on") for name in held)]
    fetched = [held.get("src") or held.get("href") for name in ("img", "script", "link") for held in found.all(name)]
    assert {urlsplit(urljoin("http://127.0.0.1/", each or "")).netloc for each in fetched} == {"127.0.0.1"}


@pytest.mark.parametrize("path", PAGES)
def test_whatever_can_be_used_has_a_name(site: TestClient, path: str) -> None:
    found = Found(site.get(path).text)
    named = {held["for"] for held in found.all("label") if "for" in held}
    fields = [*found.all("input"), *found.all("select"), *found.all("textarea")]
    assert [
        each for each in fields if each.get("id") not in named and not each.get("aria-label") and not ticked(each)
    ] == []
    assert all(held.get("alt") for held in found.all("img"))
    assert all(held.get("aria-label") for _, held in found.marks if held.get("role") == "region")
    ids = [held["id"] for _, held in found.marks if "id" in held]
    assert len(ids) == len(set(ids))


def ticked(field: dict[str, str | None]) -> bool:
    """A box stands inside its label."""
    return field.get("type") == "checkbox"


def test_every_link_within_the_site_leads_somewhere(site: TestClient) -> None:
    """One address of each shape: one session stands for the others, and one value of a filter for all."""
    seen: set[str] = set()
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        answer = site.get(path)
        assert answer.status_code == 200, path
        if answer.headers["content-type"].startswith("text/html"):
            waiting += new_shapes(path, answer.text, seen)
    assert f"/sessions/{SWEEP}/pictures/*.svg []" in seen and len(seen) > 50


def new_shapes(path: str, html: str, seen: set[str]) -> list[str]:
    found = []
    for link in sorted(Found(html).links):
        target = urlsplit(urljoin(f"http://127.0.0.1{path}", link))
        names = sorted(parse_qs(target.query))
        others = re.sub(rf"(?!{SWEEP})[0-9a-f]{{32}}|(?<=cases/)\w+|(?<=pictures/)\w+", "*", target.path)
        shape = f"{others} {names}"
        if target.netloc == "127.0.0.1" and len(names) <= 1 and shape not in seen:
            seen.add(shape)
            found.append(target._replace(scheme="", netloc="", fragment="").geturl())
    return found


@pytest.mark.parametrize("view", VIEWS)
def test_a_session_answers_every_question_or_says_what_to_measure(site: TestClient, view: str) -> None:
    text = site.get(f"/sessions/{SMALL}?view={view}").text
    assert "<table>" in text or "queuemark run" in text


@pytest.mark.parametrize("path", ["/", "/sessions", f"/sessions/{SWEEP}", f"/sessions/{SWEEP}/edit"])
def test_words_of_people_are_text(site: TestClient, path: str) -> None:
    text = site.get(path).text
    assert "&lt;b&gt;desk&lt;/b&gt;" in text
    assert "<b>" not in text and "<script>" not in text


@pytest.mark.parametrize("path", ["/sessions", f"/sessions/{DISPUTED}"])
def test_what_is_disputed_is_shown_as_that(site: TestClient, path: str) -> None:
    text = site.get(path).text
    assert '<span class="badge bad"' in text and "disputed" in text
    assert "more &lt;i&gt;delivered&lt;/i&gt; than sent" in text


def test_what_nobody_proved_is_shown_as_that(site: TestClient) -> None:
    assert "Not proved: in" in site.get(f"/sessions/{UNPROVED}").text
    assert site.get("/sessions").text.count(">not proved</span>") == 1
    listed = site.get(f"/sessions/{UNPROVED}?view=case").text
    assert listed.count('<span class="badge bad">not proved</span>') == 48


def test_neither_disputed_nor_unproved_cases_are_ranked_or_advised(site: TestClient) -> None:
    best = site.get("/api/front").json()["best"]
    advised = site.get("/api/advise", params={"size": "64", "consumers": "1"}).json()["choices"]
    assert best and advised
    assert {line["session"] for line in [*best, *advised]} <= {SWEEP, OTHER, SMALL}


def test_a_filter_narrows_the_cases_and_has_an_address(site: TestClient) -> None:
    page = site.get(f"/api/sessions/{SWEEP}", params={"transport": "tcp,pipe", "consumers": "1"}).json()
    assert page["path"] == f"/sessions/{SWEEP}?transport=tcp,pipe&consumers=1"
    assert page["narrowed"] and 0 < page["shown_cases"] < page["session"]["cases"]
    chips = next(choice["chips"] for choice in page["choices"] if choice["name"] == "mechanism")
    assert [chip["text"] for chip in chips if chip["chosen"]] == ["tcp", "pipe"]
    off = next(chip["path"] for chip in chips if chip["text"] == "tcp")
    assert off == f"/sessions/{SWEEP}?transport=pipe&consumers=1"


def test_a_filter_that_leaves_nothing_says_so_and_can_be_changed(site: TestClient) -> None:
    page = site.get(f"/api/sessions/{SWEEP}", params={"transport": "pipe", "pattern": "pingpong"}).json()
    assert page["shown_cases"] == 0 and page["tables"] == [] and page["picture"] is None
    assert "no case" in page["silent"]
    assert any(chip["chosen"] for choice in page["choices"] for chip in choice["chips"])


def test_a_long_table_is_cut_and_the_whole_of_it_is_a_link_away(site: TestClient, monkeypatch) -> None:
    monkeypatch.setattr("queuemark.web.data.session.ROWS_HIGH", 5)
    cut = site.get(f"/api/sessions/{SWEEP}").json()
    whole = site.get(f"/api{cut['everything']}").json()
    assert len(cut["tables"][0]["rows"]) == 5
    assert len(whole["tables"][0]["rows"]) == 5 + cut["tables"][0]["left_out"]
    assert "more rows are not shown here" in site.get(f"/sessions/{SWEEP}").text


def test_a_filter_is_asked_for_where_a_picture_would_hold_too_much(site: TestClient, monkeypatch) -> None:
    asks = "which is more than one picture can tell apart"
    assert asks not in site.get(f"/sessions/{SWEEP}").text
    monkeypatch.setattr("queuemark.web.data.session.LINES_HIGH", 3)
    assert asks in site.get(f"/sessions/{SWEEP}").text
    assert asks not in site.get(f"/sessions/{SWEEP}?transport=mq-posix").text
    assert asks not in site.get(f"/sessions/{SWEEP}?view=findings").text


def test_advice_says_what_it_came_from_and_where_there_is_none_what_to_measure(site: TestClient) -> None:
    some = site.get("/advise?size=64&consumers=1").text
    assert "Take " in some and "cases of that size and number of consumers" in some
    none = site.get("/advise?size=64&consumers=1&rate=900G").text
    assert "queuemark run -s 64 -c 1 --rate 900000000000" in none and "too slow" in none
    promised = site.get("/advise?size=64&consumers=1&lossless=true").text
    assert "mq-posix: what it promises was not recorded" in promised
    assert site.get("/advise?size=large").status_code == 422


def test_who_asks_for_more_than_there_is_gets_the_pages_of_what_there_is(site: TestClient) -> None:
    page = site.get("/api/sessions", params={"transport": "carrier-pigeon"}).json()
    assert page["sessions"] == [] and page["filtered"]
    assert "No session fits this filter" in site.get("/sessions?transport=carrier-pigeon").text


@pytest.mark.parametrize(
    "path",
    [
        "/sessions/nothing",
        f"/sessions/{'0' * 32}",
        f"/sessions/{SWEEP}.exe",
        f"/sessions/{SWEEP}/cases/nothing",
        f"/sessions/{SWEEP}/pictures/rates.gif",
        f"/sessions/{SWEEP}/pictures/findings.svg",
        f"/sessions/{SWEEP}/embed/nothing",
        "/platforms/nothing",
        "/static/../pages.py",
        "/static/pages.py",
    ],
)
def test_what_there_is_not_is_a_page_that_says_so(site: TestClient, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 404
    assert "<h1>Not Found</h1>" in answer.text and 'href="/sessions"' in answer.text


@pytest.mark.parametrize("query", ["view=nothing", "scale=cubic", "size=huge", "consumers=many", "all=perhaps"])
def test_a_question_that_makes_no_sense_is_refused_in_words(site: TestClient, query: str) -> None:
    answer = site.get(f"/sessions/{SWEEP}?{query}")
    assert answer.status_code in (400, 422)
    assert "queuemark" in answer.text


def test_a_page_weighs_little(site: TestClient) -> None:
    whole = 0
    answer = site.get(f"/sessions/{SWEEP}", headers={"accept-encoding": "gzip"})
    whole += int(answer.headers["content-length"])
    for link in Found(answer.text).links:
        if re.search(r"\.(css|js|svg)(\?|$)", link):
            whole += int(site.get(link, headers={"accept-encoding": "gzip"}).headers["content-length"])
    assert whole < 150_000


def test_the_interactive_library_is_no_part_of_a_page(site: TestClient) -> None:
    assert "vega.js" not in site.get(f"/sessions/{SWEEP}").text
    assert "/static/vega.js" in site.get("/static/explore.js").text
