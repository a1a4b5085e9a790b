"""Sizes, counts and durations as people type them."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.model.errors import UsageError
from queuemark.model.units import (
    format_bytes,
    format_count,
    format_duration_s,
    format_rate,
    parse_byte_list,
    parse_bytes,
    parse_count,
    parse_count_list,
    parse_duration_s,
)

whole = st.integers(min_value=1, max_value=10**9)


@given(whole)
def test_a_plain_number_is_itself(number: int) -> None:
    assert parse_bytes(str(number)) == number
    assert parse_count(str(number)) == number


@given(whole, st.sampled_from([("k", 10, 3), ("M", 20, 6), ("G", 30, 9), ("g", 30, 9)]))
def test_letters_are_binary_for_bytes_and_decimal_for_counts(number: int, unit: tuple[str, int, int]) -> None:
    letter, power_of_2, power_of_10 = unit
    assert parse_bytes(f"{number}{letter}") == number << power_of_2
    assert parse_count(f"{number}{letter}") == number * 10**power_of_10


@given(whole)
def test_kib_is_binary_everywhere(number: int) -> None:
    assert parse_bytes(f"{number} KiB") == parse_count(f"{number}KiB") == number * 1024


def test_fractions_are_exact() -> None:
    assert parse_bytes("1.5k") == 1536
    assert parse_count("0.25M") == 250_000


@pytest.mark.parametrize("text", ["0", "-1", "", "4Q", "k", "1.5", "0.3k", "1e3", "1 2", "٣", "8589934592G"])
def test_what_is_no_size_is_named_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_bytes(text)
    assert repr(text) in str(caught.value)
    assert "example" in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.integers(1, 10**6), st.integers(0, 12))
def test_a_range_doubles_and_never_passes_its_end(first: int, doublings: int) -> None:
    last = (first << doublings) + first // 2
    values = parse_count_list(f"{first}..{last}")
    assert values[0] == first
    assert all(after == 2 * before for before, after in pairwise(values))
    assert values[-1] <= last < 2 * values[-1]


def test_lists_keep_their_order_and_drop_repeats() -> None:
    assert parse_byte_list("1..4096") == [1 << power for power in range(13)]
    assert parse_byte_list("4k,16,1..4,2") == [4096, 16, 1, 2, 4]


def test_none_is_a_count_where_it_may_be() -> None:
    assert parse_count_list("0,1,4", low=0) == [0, 1, 4]
    assert parse_count_list("0..4", low=0) == [0, 1, 2, 4]
    assert parse_count_list("0..0", low=0) == [0]
    with pytest.raises(UsageError, match="at least 1"):
        parse_count_list("0,1")


@pytest.mark.parametrize("text", ["4..1", "1..", "..4", "1,,2", ","])
def test_a_broken_list_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_byte_list(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1..", "size '1..': the range has no end"),
        ("16,..4", "size '..4': the range has no beginning"),
        ("16,", "size '16,': a value is missing beside a comma"),
        ("-1", "size '-1' must be at least 1"),
        ("-4..4", "size '-4' must be at least 1"),
    ],
)
def test_what_is_wrong_with_a_list_is_named(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(said)}; write for example "):
        parse_byte_list(text)


def test_a_negative_duration_is_named() -> None:
    with pytest.raises(UsageError, match="duration '-1s' must be above 0; write for example"):
        parse_duration_s("-1s")


def test_a_list_of_too_many_values_is_refused() -> None:
    with pytest.raises(UsageError, match="at most 4096"):
        parse_count_list(",".join(map(str, range(1, 4099))))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0.2", 0.2), ("200ms", 0.2), ("50us", 5e-5), ("50µs", 5e-5), ("7ns", 7e-9), ("2min", 120), ("1h", 3600)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration_s(text) == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize("text", ["0", "0ms", "-1s", "fast", "1 parsec", ""])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="duration"):
        parse_duration_s(text)


def test_numbers_as_readers_see_them() -> None:
    assert format_bytes(64) == "64 B"
    assert format_bytes(4096) == "4 KiB"
    assert format_bytes(1.5 * 1024 * 1024) == "1.5 MiB"
    assert format_count(950) == "950"
    assert format_count(1_250_000) == "1.25 M"
    assert format_rate(999_900) == "1 M/s"
    assert format_duration_s(200) == "3 min 20 s"
    assert format_duration_s(0.00035) == "350 us"
    assert format_duration_s(0) == "0 ns"


@given(st.floats(min_value=1, max_value=1e14, allow_nan=False))
def test_a_count_as_shown_is_within_half_a_percent(value: float) -> None:
    number, _, unit = format_count(value).partition(" ")
    scale = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}[unit]
    shown = float(number) * scale
    assert math.isclose(shown, value, rel_tol=0.005) or abs(shown - value) <= 0.5 * scale
    assert abs(float(number)) < 1000 or unit == "T"


@given(st.floats(min_value=1e-9, max_value=99, allow_nan=False))
def test_a_duration_as_shown_never_reads_1000(value: float) -> None:
    assert not format_duration_s(value).startswith("1e+03")
