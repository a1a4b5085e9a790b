"""Pictures of sessions: in each form, styled for light and dark, told to who has them, silent about nothing."""

from __future__ import annotations

import html
from xml.etree import ElementTree

import pytest
from litestar.testing import TestClient

from tests.web.reading import DISPUTED, OTHER, SWEEP, UNPROVED


def test_an_svg_is_whole_by_itself_and_can_do_nothing(site: TestClient) -> None:
    answer = site.get(f"/sessions/{SWEEP}/pictures/rates.svg?transport=tcp")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert "prefers-color-scheme" in answer.text and "<script" not in answer.text
    assert ElementTree.fromstring(answer.text).tag.endswith("svg")


def test_pictures_may_stand_in_pages_of_others_and_data_may_not(site: TestClient) -> None:
    policy = "cross-origin-resource-policy"
    for name in ("pictures/rates.svg", "pictures/rates.png", "badge.svg"):
        assert site.get(f"/sessions/{SWEEP}/{name}").headers[policy] == "cross-origin"
    for path in (f"/sessions/{SWEEP}", f"/sessions/{SWEEP}.json", "/api/front"):
        assert site.get(path).headers[policy] == "same-origin"


def test_the_other_forms_hold_the_same(site: TestClient) -> None:
    png = site.get(f"/sessions/{SWEEP}/pictures/rates.png?transport=tcp")
    spec = site.get(f"/sessions/{SWEEP}/pictures/rates.json?transport=tcp")
    assert png.headers["content-type"] == "image/png" and png.content.startswith(b"\x89PNG")
    assert spec.headers["content-type"] == "application/json" and "data" in spec.json()


def test_the_scale_is_as_asked(site: TestClient) -> None:
    log, linear = (
        site.get(f"/sessions/{SWEEP}/pictures/rates.json?transport=tcp&scale={scale}").text
        for scale in ("log", "linear")
    )
    assert '"linear"' in linear and '"linear"' not in log


@pytest.mark.parametrize("path", [f"/sessions/{SWEEP}?transport=tcp", f"/compare?sessions={SWEEP},{OTHER}"])
def test_a_page_shows_its_picture_without_what_it_says_itself_and_links_it_whole(site: TestClient, path: str) -> None:
    picture = site.get(f"/api{path}").json()["picture"]
    page = html.unescape(site.get(path).text)
    assert f'<img src="{picture["shown"]}"' in page and f'data-spec="{picture["explored"]}"' in page
    assert f'<a href="{picture["svg"]}"' in page and f'<a href="{picture["json"]}"' in page
    for bare, whole in (("shown", "svg"), ("explored", "json")):
        assert ("again: " in site.get(picture[whole]).text) > ("again: " in site.get(picture[bare]).text)


def test_who_has_a_picture_is_told_so_before_anything_is_drawn(site: TestClient, monkeypatch) -> None:
    path = f"/sessions/{SWEEP}/pictures/limits.svg"
    etag = site.get(path).headers["etag"]

    def drawn(*_: object) -> bytes:
        raise AssertionError("drawn again")

    monkeypatch.setattr("queuemark.web.pictures.draw", drawn)
    again = site.get(path, headers={"if-none-match": etag})
    assert again.status_code == 304 and again.content == b""
    assert site.get(path).status_code == 200


def test_where_there_is_nothing_to_draw_the_picture_says_why(site: TestClient) -> None:
    answer = site.get(f"/sessions/{UNPROVED}/pictures/latency.svg")
    assert answer.status_code == 200
    assert "too few latencies to draw" in "".join(ElementTree.fromstring(answer.text).itertext())
    assert site.get(f"/sessions/{UNPROVED}/pictures/latency.json").status_code == 422


def test_one_case_has_a_picture_of_its_trials(site: TestClient) -> None:
    page = site.get(f"/api/sessions/{SWEEP}?view=case").json()
    case = site.get(f"/api{page['listed'][0]['path']}").json()
    assert site.get(case["picture"]["svg"]).status_code == 200


def test_a_comparison_has_a_picture(site: TestClient) -> None:
    answer = site.get(f"/compare/picture.svg?sessions={SWEEP},{OTHER}&transport=tcp&size=64")
    assert answer.status_code == 200 and "ratio" in answer.text
    assert site.get(f"/compare/other.svg?sessions={SWEEP},{OTHER}").status_code == 404


def test_only_an_embedded_picture_may_stand_in_a_frame(site: TestClient) -> None:
    framed = site.get(f"/sessions/{SWEEP}/embed/rates").headers["content-security-policy"]
    page = site.get(f"/sessions/{SWEEP}").headers["content-security-policy"]
    assert "frame-ancestors *" in framed and "frame-ancestors 'none'" in page


@pytest.mark.parametrize(
    ("session", "said"), [(SWEEP, "pipe 1."), (DISPUTED, "disputed"), (UNPROVED, "no rate proved")]
)
def test_a_badge_says_the_highest_rate_that_was_proved(site: TestClient, session: str, said: str) -> None:
    answer = site.get(f"/sessions/{session}/badge.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert f"queuemark: {said}" in "".join(ElementTree.fromstring(answer.text).itertext())
