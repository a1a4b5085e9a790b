"""Pictures that a process of its own draws: each under its name, and nothing left over."""

from __future__ import annotations

import psutil
import pytest

from queuemark.model.errors import QueuemarkError
from queuemark.report.drawing import Drawing
from queuemark.views.picture import svg_text
from queuemark.views.theme import Spec


def spec() -> Spec:
    """What is clipped refers to the shape that clips it, by its id."""
    position = {"field": "a", "type": "quantitative"}
    return {
        "title": {"text": "one point", "subtitle": []},
        "config": {},
        "data": {"values": [{"a": 1}]},
        "mark": {"type": "point", "clip": True},
        "encoding": {"x": position, "y": position},
    }


def test_each_picture_has_its_own_ids() -> None:
    with Drawing() as drawing:
        for name in ("a", "b"):
            drawing.begin(name, spec())
        first, second = drawing.svg("a"), drawing.svg("b")
    assert first.startswith("<svg")
    assert 'id="a-' in first
    assert "url(#a-" in first
    assert 'id="b-' in second
    assert 'id="a-' not in second


def test_what_cannot_be_drawn_is_told_and_the_next_is_drawn() -> None:
    with Drawing() as drawing:
        drawing.begin("bad", {**spec(), "encoding": 7, "mark": []})
        drawing.begin("good", spec())
        with pytest.raises(QueuemarkError, match="cannot draw a picture"):
            drawing.svg("bad")
        assert "<path" in drawing.svg("good")


def test_nothing_is_left_when_it_is_left_early() -> None:
    children = psutil.Process().children()
    with pytest.raises(RuntimeError), Drawing() as drawing:
        drawing.begin("a", spec())
        raise RuntimeError
    assert psutil.Process().children() == children


def test_a_process_that_ends_is_told() -> None:
    before = set(psutil.Process().children())
    with Drawing() as drawing:
        for child in set(psutil.Process().children()) - before:
            child.kill()
            child.wait(10)
        drawing.begin("a", spec())
        with pytest.raises(QueuemarkError, match="has ended"):
            drawing.svg("a")


def test_a_text_is_as_wide_whatever_fonts_the_machine_has() -> None:
    """One that the renderer does not bring is no other than one that nobody has."""
    found, unknown = (
        {**spec(), "config": {"font": name}, "title": {"text": "as wide as its font " * 9, "subtitle": []}}
        for name in ("DejaVu Sans Mono", "no such font")
    )
    if width(svg_text(found)) == width(svg_text(unknown)):
        pytest.skip("this machine has no DejaVu Sans Mono")
    with Drawing() as drawing:
        drawing.begin("a", found)
        drawing.begin("b", unknown)
        assert width(drawing.svg("a")) == width(drawing.svg("b"))


def width(svg: str) -> float:
    return float(svg.partition(' width="')[2].partition('"')[0])
