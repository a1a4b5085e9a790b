"""Pictures as SVG: everybody can read one, in the light and in the dark, and no foreign word in it is markup."""

from __future__ import annotations

from xml.etree import ElementTree

import msgspec
import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.views.picture import draw, svg_text
from queuemark.views.registry import VIEWS
from queuemark.views.theme import DARK, Spec
from tests.examples import case, document, trial

SVG = "{http://www.w3.org/2000/svg}"


def rates(command: str = "queuemark run") -> Spec:
    held = [case(name, size_bytes=size) for name in ("tcp", "pipe") for size in (16, 64, 256)]
    made = document(*((of, [trial(of, repeat) for repeat in range(3)]) for of in held))
    made.session.plan = msgspec.structs.replace(made.session.plan, command=command)
    chart = VIEWS["rates"].chart
    assert chart is not None
    return chart(with_estimates(made))


def test_a_picture_is_one_image_with_a_title_and_a_description() -> None:
    root = ElementTree.fromstring(svg_text(rates()))
    title, told = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert title is not None and title.text == VIEWS["rates"].question
    assert told is not None and told.text is not None and "again: queuemark run" in told.text
    assert "aria-roledescription" not in svg_text(rates())


def test_every_colour_that_is_drawn_has_one_for_the_dark() -> None:
    root = ElementTree.fromstring(svg_text(rates()))
    used = {each.get(part) for each in root.iter() for part in ("fill", "stroke")} - {None, "none", "transparent"}
    assert used <= set(DARK)
    style = root.find(f"{SVG}style")
    assert style is not None and style.text is not None
    assert "prefers-color-scheme:dark" in style.text
    assert all(f'[fill="{colour}"]' in style.text for colour in used)


def test_a_command_is_text_even_where_it_looks_like_markup() -> None:
    hostile = "queuemark run </desc><script>alert(1)</script> & --"
    root = ElementTree.fromstring(svg_text(rates(hostile)))
    assert root.find(f".//{SVG}script") is None


@pytest.mark.parametrize("ending", [".svg", ".json"])
def test_a_file_is_the_same_text_ended_by_a_newline(ending: str) -> None:
    spec = rates()
    drawn = draw(lambda: spec, f"a{ending}")
    assert drawn.endswith(b"\n")
    if ending == ".svg":
        assert drawn.decode() == svg_text(spec) + "\n"
