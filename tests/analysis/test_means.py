"""Each kind of number has its mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.analysis.means import rates_mean, ratios_mean, times_mean

quantities = st.lists(st.floats(min_value=1e-3, max_value=1e9), min_size=1, max_size=20)


@given(quantities, st.floats(min_value=1, max_value=1e6))
def test_m18_rates_are_averaged_as_the_same_work_at_each_of_them_takes(rates: list[float], items: float) -> None:
    took_s = sum(items / rate for rate in rates)
    assert rates_mean(rates) == pytest.approx(items * len(rates) / took_s)


@given(quantities)
def test_m18_times_are_averaged_by_their_sum(times: list[float]) -> None:
    assert times_mean(times) == pytest.approx(sum(times) / len(times))


@given(quantities)
def test_m18_ratios_have_no_side_that_is_favoured(ratios: list[float]) -> None:
    assert ratios_mean([1 / ratio for ratio in ratios]) == pytest.approx(1 / ratios_mean(ratios))
    assert ratios_mean([*ratios, *(1 / ratio for ratio in ratios)]) == pytest.approx(1)
