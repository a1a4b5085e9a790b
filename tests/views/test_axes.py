"""The axes of charts hold all that is drawn, on either scale."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.views.axes import quantity_axis, quantity_scale, ticks


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


def test_a_linear_axis_begins_at_nothing() -> None:
    assert quantity_scale([20.0, 3.0], "linear").to_dict() == {"type": "linear", "domain": [0, 20.0], "nice": True}
    assert "values" not in quantity_axis([20.0, 3.0], "rate", "linear").to_dict()


def test_a_logarithmic_axis_ends_at_ticks() -> None:
    assert quantity_scale([20.0, 3.0]).to_dict()["domain"] == [2, 20]
