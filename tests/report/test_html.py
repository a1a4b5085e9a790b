"""The HTML report: whole in itself, nothing from a network, and nothing in it that a session could smuggle in."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from queuemark.report.bundle import vega_bundle
from queuemark.report.content import Pictures, content
from queuemark.report.markdown import pictures
from tests.report.sessions import PAYLOADS, hostile, report_of, sweep

LOADING = {"src", "href", "srcset", "data", "action", "formaction", "poster", "background", "xlink:href"}


class Page(HTMLParser):
    """elements: (name, attributes) in their order; scripts: (type, text)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[str | None, str]] = []
        self.words: list[str] = []
        self._script: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs).get("type"), ""))
        self._script = tag if tag in ("script", "style") else None

    def handle_endtag(self, tag: str) -> None:
        self._script = None

    def handle_data(self, data: str) -> None:
        if self._script == "script":
            kind, text = self.scripts[-1]
            self.scripts[-1] = (kind, text + data)
        elif self._script is None:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    return vega_bundle(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def still() -> str:
    """Without scripts."""
    return report_of(sweep())


@pytest.fixture(scope="module")
def answering(bundle: str) -> str:
    """With them."""
    return report_of(sweep(), bundle=bundle)


def test_nothing_is_loaded_from_anywhere(still: str, answering: str) -> None:
    for held in (Page(still), Page(answering)):
        loaded = [value for _, attributes in held.elements for name, value in attributes.items() if name in LOADING]
        assert loaded
        assert all(value is not None and value.startswith("#") for value in loaded)
        assert not [tag for tag, _ in held.elements if tag in ("link", "iframe", "object", "embed", "base", "form")]


def test_no_style_asks_for_anything(still: str) -> None:
    assert "@import" not in still
    assert re.findall(r"url\((?!#)", still) == []


def test_ids_are_unique_and_every_reference_has_its_target(still: str) -> None:
    held = Page(still)
    ids = [attributes["id"] for _, attributes in held.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"(?:url\(|href=\")#([^)\"]+)", still)) <= set(ids)


def test_it_can_be_read_without_a_script(still: str) -> None:
    held = Page(still)
    assert held.scripts == []
    assert [tag for tag, _ in held.elements].count("svg") >= 2
    assert "Which mechanism moves the most messages?" in held.text
    assert "delivery proved in" in held.text
    assert held.text.count("pipe") > 6


def test_pictures_and_their_specifications_are_there_once(answering: str) -> None:
    kinds = [kind for kind, _ in Page(answering).scripts]
    assert kinds.count(None) == 2
    specs = [json.loads(text) for kind, text in Page(answering).scripts if kind == "application/json"]
    assert len(specs) >= 4
    assert all(spec["$schema"].endswith("vega-lite/v6.1.0.json") or "vega-lite" in spec["$schema"] for spec in specs)


def policy_of(held: Page) -> str:
    [policy] = [a["content"] or "" for _, a in held.elements if a.get("http-equiv") == "Content-Security-Policy"]
    return policy


def test_a_browser_may_run_its_own_scripts_and_load_nothing(still: str, answering: str) -> None:
    held = Page(answering)
    policy = policy_of(held)
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for kind, text in held.scripts
        if kind is None
    ]
    assert f"script-src {' '.join(hashes)};" in policy
    assert policy.startswith("default-src 'none'")
    assert "script-src 'none'" in policy_of(Page(still))


def test_a_picture_does_not_say_again_what_the_page_says(still: str, answering: str) -> None:
    drawn = [svg.partition("</svg>")[0] for svg in still.split("<svg ")[1:]]
    words = [word for svg in drawn for word in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]
    assert all("<title>" in svg and "?</title>" in svg for svg in drawn)
    assert "share; wait block" in " ".join(words)
    assert not [word for word in words if word.startswith(("again: ", "session ")) or word.endswith("?")]
    specs = [json.loads(text) for kind, text in Page(answering).scripts if kind == "application/json"]
    assert not [spec for spec in specs if "again: " in str(spec["title"])]
    assert all("again: " in str(spec["title"]) for spec in pictures(content([sweep()], Pictures())).values())


def test_what_a_session_says_is_text() -> None:
    payload = " ".join(PAYLOADS)
    shaped = Page(report_of(hostile("plain"), bundle="0"))
    held = Page(report_of(hostile(payload), bundle="0"))
    inside = {"tspan", "text", "g", "path"}
    assert {tag for tag, _ in held.elements} == {tag for tag, _ in shaped.elements}
    assert [tag for tag, _ in held.elements if tag not in inside] == [
        tag for tag, _ in shaped.elements if tag not in inside
    ]
    assert not [name for _, attributes in held.elements for name in attributes if name.startswith("on")]
    assert " ".join(payload.split()) in held.text


def test_no_escape_sequence_is_in_it() -> None:
    assert "\x1b" not in report_of(hostile("\x1b[31m"))


def test_several_sessions_stand_below_each_other_each_with_its_own_pictures() -> None:
    text = report_of(sweep(), sweep("f" * 32))
    assert "Session 01234567" in text
    assert "Session ffffffff" in text
    held = Page(text)
    ids = [attributes["id"] for _, attributes in held.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_bundle_is_made_once_and_kept(tmp_path: Path, bundle: str) -> None:
    [kept] = (tmp_path / "cache").glob("vega-*.js") if vega_bundle(tmp_path) == bundle else []
    kept.write_text("kept")
    assert vega_bundle(tmp_path) == "kept"


def test_where_nothing_can_be_kept_the_bundle_is_there_all_the_same(tmp_path: Path, bundle: str) -> None:
    (tmp_path / "cache").write_text("in the way")
    assert vega_bundle(tmp_path) == bundle
