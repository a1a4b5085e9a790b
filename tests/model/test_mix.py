"""Mixes of sizes: how they are written, what is exact about them, what is refused."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.model.errors import UsageError
from queuemark.model.mix import (
    MIX_PARTS_HIGH,
    MIX_PERIOD,
    Mix,
    MixPart,
    mix_bytes,
    mix_fault,
    mix_mean_bytes,
    mix_text,
    parse_sizes,
    size_words,
)
from queuemark.model.workload import Workload

USUAL = "64:70%,1k:25%,16k:5%"


def parts(*sized: tuple[int, float]) -> Mix:
    return tuple(MixPart(size_bytes=size_bytes, share_percent=share) for size_bytes, share in sized)


@st.composite
def mixes(draw: st.DrawFn) -> Mix:
    sizes = draw(st.lists(st.integers(8, 1 << 30), min_size=2, max_size=MIX_PARTS_HIGH, unique=True))
    cuts = draw(st.lists(st.integers(1, MIX_PERIOD - 1), min_size=len(sizes) - 1, max_size=len(sizes) - 1, unique=True))
    ends = [0, *sorted(cuts), MIX_PERIOD]
    shares = [(end - begin) * 100 / MIX_PERIOD for begin, end in pairwise(ends)]
    return parts(*zip(sorted(sizes), shares, strict=True))


def test_a_mix_as_a_person_writes_it() -> None:
    assert parse_sizes(USUAL) == (parts((64, 70.0), (1024, 25.0), (16384, 5.0)),)
    assert mix_text(parts((64, 70.0), (1024, 25.0), (16384, 5.0))) == USUAL
    assert mix_mean_bytes(parts((64, 70.0), (1024, 25.0), (16384, 5.0))) == 0.7 * 64 + 0.25 * 1024 + 0.05 * 16384


def test_a_mix_has_one_spelling() -> None:
    assert parse_sizes(" 16KiB : 5.00 %, 1024:25%,64:70% ") == parse_sizes(USUAL)


@given(mixes(), st.integers(0, 99))
def test_reading_what_was_written_changes_nothing(mix: Mix, seed: int) -> None:
    text = mix_text(mix)
    assert mix_fault(mix) is None
    assert parse_sizes(text) == (mix,)
    shuffled = text.split(",")
    Random(seed).shuffle(shuffled)
    assert parse_sizes(",".join(shuffled)) == (mix,)


@given(st.lists(mixes() | st.integers(1, 1 << 20), min_size=1, max_size=5))
def test_a_list_may_hold_mixes_beside_sizes(values: list[int | Mix]) -> None:
    words = [str(value) if isinstance(value, int) else mix_text(value) for value in values]
    assert size_words(",".join(words)) == words
    assert parse_sizes(",".join(words)) == tuple(dict.fromkeys(values))


def test_ranges_stand_beside_mixes() -> None:
    assert parse_sizes(f"1..4,{USUAL},8:50%,9:50%,7") == (
        1,
        2,
        4,
        *parse_sizes(USUAL),
        parts((8, 50.0), (9, 50.0)),
        7,
    )
    assert parse_sizes("1..8") == (1, 2, 4, 8)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("64:70%,1k:25%", "mix '64:70%,1k:25%': the shares add up to 95 %, not to 100 %"),
        ("64:70%,1k:50%", "mix '64:70%,1k:50%': the shares add up to 120 %, not to 100 %"),
        ("64:70%,1k,8:30%", "mix '64:70%': the shares add up to 70 %, not to 100 %"),
        ("16,64:99.99%", "mix '64:99.99%': the shares add up to 99.99 %, not to 100 %"),
        ("64:100%", "mix '64:100%': a mix has at least two sizes"),
        ("4:50%,8:50%", "mix '4:50%,8:50%': a message of 4 bytes has no room for its number"),
        ("1k:50%,1024:50%", "mix '1k:50%,1024:50%': the size 1024 is there twice"),
        (
            "64:99.999%,8:0.001%",
            "mix '64:99.999%,8:0.001%': share '99.999%' is not a percentage of at most two decimals",
        ),
        ("64:-70%,8:30%", "mix '64:-70%,8:30%': share '-70%' is not a percentage"),
        ("8:100%,64:0%", "mix '8:100%': a mix has at least two sizes"),
        ("64:0%,8:100%", "mix '64:0%,8:100%': a share is 0"),
        ("64%,8:50%", "mix '64%,8:50%': '64%' is not SIZE:SHARE%"),
        ("1..4:50%,8:50%", "mix '1..4:50%,8:50%': size '1..4' is not a number with a unit"),
        (f"{USUAL},", f"size '{USUAL},': a value is missing beside a comma"),
        ("%", "mix '%': '%' is not SIZE:SHARE%"),
    ],
)
def test_what_is_wrong_with_a_mix_is_named(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(said)}.*write for example [^\n]*$"):
        parse_sizes(text)


def test_too_many_sizes_are_refused() -> None:
    text = ",".join(f"{8 + place}:1%" for place in range(100))
    with pytest.raises(UsageError, match=f"at most {MIX_PARTS_HIGH} sizes, not 100"):
        parse_sizes(text)


@given(mixes(), st.integers(0, 3 * MIX_PERIOD), st.integers(0, 99))
def test_the_bytes_of_so_many_messages(mix: Mix, count: int, seed: int) -> None:
    """Against a stream drawn message by message."""
    low, high = mix_bytes(mix, count)
    period = [part.size_bytes for part in mix for _ in range(part.in_period)]
    Random(seed).shuffle(period)
    total = sum(size * (count // MIX_PERIOD + (place < count % MIX_PERIOD)) for place, size in enumerate(period))
    assert low <= total <= high
    assert (low == high) == (count % MIX_PERIOD == 0)
    rest = sorted(period)[: count % MIX_PERIOD]
    assert low == count // MIX_PERIOD * sum(period) + sum(rest)
    assert Counter(period) == {part.size_bytes: part.in_period for part in mix}


def load(**changed: object) -> bytes:
    mixed = {
        "size_bytes": 1024,
        "consumers": 1,
        "dispatch": "deal",
        "items": 5,
        "mix": [{"size_bytes": 64, "share_percent": 70}, {"size_bytes": 1024, "share_percent": 30}],
    }
    return msgspec.json.encode({**mixed, **changed})


def test_a_mix_in_a_document_is_what_was_written() -> None:
    mixed = msgspec.json.decode(load(), type=Workload)
    assert mixed.mix == parse_sizes("64:70%,1k:30%")[0]
    assert not mixed.one_size
    assert mixed.mean_bytes == 0.7 * 64 + 0.3 * 1024
    assert msgspec.json.decode(msgspec.json.encode(mixed), type=Workload) == mixed


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"size_bytes": 64}, "size_bytes 64 is not the largest of the mix"),
        ({"mix": [{"size_bytes": 1024, "share_percent": 100}]}, "< 100"),
        ({"mix": [{"size_bytes": 1024, "share_percent": 99}]}, "add up to 99 %"),
        (
            {"mix": [{"size_bytes": 1024, "share_percent": 70}, {"size_bytes": 64, "share_percent": 30}]},
            "smallest size does not come first",
        ),
        (
            {"mix": [{"size_bytes": 64, "share_percent": 33.333}, {"size_bytes": 1024, "share_percent": 66.667}]},
            "more than two decimals",
        ),
        ({"mix": [{"size_bytes": 4, "share_percent": 70}, {"size_bytes": 1024, "share_percent": 30}]}, ">= 8"),
        (
            {
                "messages": {
                    "name": "x",
                    "format": "lines",
                    "sha256": "",
                    "count": 1,
                    "total_bytes": 1,
                    "largest_bytes": 9,
                }
            },
            "either own messages or a mix",
        ),
    ],
)
def test_a_document_with_a_broken_mix_is_refused(changed: dict[str, object], said: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=re.escape(said)):
        msgspec.json.decode(load(**changed), type=Workload)
