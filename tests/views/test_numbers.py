"""Quantities in cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.views.numbers import as_digits, as_exact, as_mb, as_percent


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.001234, "0.00123"), (12.345, "12.3"), (999.4, "999"), (999.5, "1,000"), (1234567.8, "1,234,568")],
)
def test_three_digits(value: float, shown: str) -> None:
    assert as_digits(value) == shown


@given(st.floats(min_value=1e-4, max_value=1e15, allow_nan=False))
def test_digits_are_close_and_without_an_exponent(value: float) -> None:
    shown = as_digits(value)
    assert "e" not in shown
    assert float(shown.replace(",", "")) == pytest.approx(value, rel=0.0051)


def test_counts_that_prove_are_exact() -> None:
    assert as_exact(5_074_517) == "5,074,517"


def test_bytes_a_second_as_megabytes() -> None:
    assert as_mb(924_030_089.5) == "924"


@pytest.mark.parametrize(("value", "shown"), [(0.031, "3.1 %"), (0.0304, "3 %"), (0.123, "12 %"), (0, "0 %")])
def test_percent(value: float, shown: str) -> None:
    assert as_percent(value) == shown
