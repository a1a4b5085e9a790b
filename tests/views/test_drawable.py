"""Texts from outside in a picture."""

from __future__ import annotations

import subprocess
import sys
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.analysis.estimates import with_estimates
from queuemark.model.session import SessionDocument
from queuemark.views.drawable import drawable
from queuemark.views.picture import draw
from queuemark.views.rates_chart import rates_chart
from tests.examples import case, document, trial

UNDRAWABLE = (
    "\x00",
    "\x01",
    "\x08",
    "\x0b",
    "\x0c",
    "\x1b",
    "\x1f",
    "\x7f",
    "\x85",
    "\x9b",
    "\ufffe",
    "\uffff",
    "\u2028",
    "\u2029",
)


def named(text: str) -> SessionDocument:
    of = msgspec.structs.replace(case(), transport=f"a{text}b")
    return with_estimates(document((of, [trial(of, repeat) for repeat in range(3)])))


@pytest.mark.parametrize("text", UNDRAWABLE, ids=ascii)
def test_a_character_that_cannot_be_drawn_is_shown_as_replaced(text: str) -> None:
    spec = {"title": text, "data": [{text: ("x", text)}], "width": 3}
    assert drawable(spec) == {"title": "\ufffd", "data": [{"\ufffd": ["x", "\ufffd"]}], "width": 3}


@pytest.mark.parametrize(
    "text", ["plain", "\t\r\n", "\\u0000", "~\xa0\xbf", "é\U0001f600\ufffd", '<b a="c">&'], ids=ascii
)
def test_what_can_be_drawn_stays(text: str) -> None:
    assert drawable({"title": [text]}) == {"title": [text]}


@given(st.text())
def test_what_is_drawn_is_xml(text: str) -> None:
    told = drawable([text])[0].replace("&", "&amp;").replace("<", "&lt;")
    ElementTree.fromstring(f"<a>{told}</a>")


def test_a_session_full_of_them_has_a_picture() -> None:
    """In a process of its own: what it guards against ends the process."""
    pytest.importorskip("vl_convert", reason="the extra report is not installed")
    run = "from tests.views.test_drawable import drawn; drawn()"
    assert subprocess.run([sys.executable, "-c", run], capture_output=True, timeout=60).returncode == 0


def drawn() -> None:
    picture = draw(lambda: rates_chart(named("".join(UNDRAWABLE))), "rates.svg")
    ElementTree.fromstring(picture)
    assert draw(lambda: rates_chart(named("".join(UNDRAWABLE))), "rates.png").startswith(b"\x89PNG")
