"""The style of charts: what differs is told apart without colours, and axes hold all that is drawn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.views.theme import COLOURS, SHADES, looks, shaded, ticks


def test_mechanisms_differ_in_shape_and_their_variants_in_dashes() -> None:
    found = looks([("tcp each", "tcp"), ("tcp split", "tcp"), ("pipe each", "pipe")])
    assert found["tcp each"].shape == found["tcp split"].shape != found["pipe each"].shape
    assert found["tcp each"].colour == found["tcp split"].colour != found["pipe each"].colour
    assert found["tcp each"].dash != found["tcp split"].dash


def test_eight_mechanisms_of_eight_policies_are_all_told_apart_without_colours() -> None:
    found = looks([(f"{name} {policy}", str(name)) for name in range(8) for policy in range(8)])
    assert len({(look.shape, tuple(look.dash)) for look in found.values()}) == 64


def test_there_is_a_look_for_any_number_of_mechanisms() -> None:
    found = looks([(str(name), str(name)) for name in range(40)])
    assert len({(look.colour, look.shape) for look in found.values()}) > len(COLOURS)


def test_what_has_an_order_goes_from_dark_to_light() -> None:
    assert shaded(2) == [SHADES[0], SHADES[-1]]
    assert shaded(1) == [SHADES[0]]
    assert shaded(6) == list(SHADES)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([250_000, 900_000], [200_000, 500_000, 1_000_000]),
        ([1_000_000], [1_000_000, 2_000_000]),
        ([3, 7e6], [1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7]),
    ],
)
def test_the_ticks_of_an_axis(values: list[float], expected: list[float]) -> None:
    assert ticks(values) == expected


@given(st.lists(st.floats(min_value=1e-3, max_value=1e12), min_size=1, max_size=5))
def test_an_axis_holds_every_value(values: list[float]) -> None:
    marks = ticks(values)
    assert marks[0] <= min(values) <= max(values) <= marks[-1]
    assert len(marks) >= 2
