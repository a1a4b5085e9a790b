"""The style of charts: what differs is told apart without colours, on paper and on a dark screen."""

from __future__ import annotations

from queuemark.views.theme import COLOURS, DARK, GREY, SHADES, SHAPES, looks, shaded


def test_mechanisms_differ_in_shape_and_their_variants_in_dashes() -> None:
    found = looks([("tcp each", "tcp"), ("tcp split", "tcp"), ("pipe each", "pipe")])
    assert found["tcp each"].shape == found["tcp split"].shape != found["pipe each"].shape
    assert found["tcp each"].colour == found["tcp split"].colour != found["pipe each"].colour
    assert found["tcp each"].dash != found["tcp split"].dash


def test_of_one_mechanism_each_line_has_a_colour_and_a_shape_of_its_own() -> None:
    found = looks([(f"tcp {number}", "tcp") for number in range(12)])
    assert len({(look.colour, look.shape) for look in found.values()}) == 12


def test_no_two_of_twelve_lines_look_alike_whichever_mechanism_has_most() -> None:
    found = looks([*((f"tcp {number}", "tcp") for number in range(11)), ("pipe each", "pipe")])
    assert len({(look.colour, look.shape, tuple(look.dash)) for look in found.values()}) == 12


def test_eight_mechanisms_of_eight_policies_are_all_told_apart_without_colours() -> None:
    found = looks([(f"{name} {policy}", str(name)) for name in range(8) for policy in range(8)])
    assert len({(look.shape, tuple(look.dash)) for look in found.values()}) == 64


def test_a_shape_of_our_own_has_something_to_fill() -> None:
    outlines = [shape for shape in SHAPES if shape.startswith("M")]
    for outline in outlines:
        assert outline.count("M") == 1
        corners = [tuple(map(float, part.split(","))) for part in outline.strip("MZ").split("L")]
        turned = zip(corners, [*corners[1:], corners[0]], strict=True)
        assert abs(sum(x * v - u * y for (x, y), (u, v) in turned)) / 2 > 1
    assert outlines


def test_there_is_a_look_for_any_number_of_mechanisms() -> None:
    found = looks([(str(name), str(name)) for name in range(40)])
    assert len({(look.colour, look.shape) for look in found.values()}) > len(COLOURS)


def test_what_has_an_order_goes_from_dark_to_light() -> None:
    assert shaded(2) == [SHADES[0], SHADES[-1]]
    assert shaded(1) == [SHADES[0]]
    assert shaded(6) == list(SHADES)


def test_each_colour_has_one_of_its_own_on_a_dark_screen() -> None:
    for light in (*COLOURS, *SHADES, GREY):
        assert DARK[light] != light
    assert len({DARK[light] for light in COLOURS}) == len(COLOURS)
    assert len({DARK[light] for light in SHADES}) == len(SHADES)
