"""The rules by which figures become a verdict."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.analysis.claims import CLAIMS, Asking, Part
from queuemark.analysis.claims.claim import Side, judgement
from queuemark.analysis.claims.evidence import Interval, exactly, spoken
from queuemark.model.units import format_rate


def part(label: str, low: float | None, high: float | None, agrees: Side = "above", **under: str) -> Part:
    value = (low or 1.0) + ((high or 1.0) - (low or 1.0)) / 2
    ratio = Interval(value=value, low=low, high=high)
    return Part(label=label, ratio=ratio, agrees=agrees, figure="", told="", under=under)


def test_a_part_is_decided_when_its_whole_interval_lies_on_one_side() -> None:
    assert part("a", 1.1, 2).holds is True
    assert part("a", 0.5, 0.9).holds is False
    assert part("a", 1.1, 2, "below").holds is False
    assert part("a", 0.5, 0.9, "below").holds is True
    assert part("a", 0.9, 1.1).holds is None
    assert part("a", None, None).holds is None
    assert part("a", 1, 1).holds is None


YES, NO, OPEN = part("yes", 1.1, 2), part("no", 0.1, 0.9), part("open", 0.5, 2)


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        ([YES, YES], "holds"),
        ([YES, YES, OPEN], "holds"),
        ([YES, OPEN], "not decided"),
        ([NO, NO, OPEN], "does not hold"),
        ([NO, OPEN], "not decided"),
        ([YES, NO, OPEN, OPEN], "depends"),
        ([OPEN], "not decided"),
        ([], "not decided"),
    ],
)
def test_parts_make_a_verdict(parts: list[Part], verdict: str) -> None:
    assert judgement(parts).verdict == verdict


def test_open_parts_are_named() -> None:
    assert judgement([YES, YES, OPEN], ["before"]).remarks == [
        "before",
        "open, their intervals reach over what was claimed: open",
    ]


def test_a_verdict_depends_on_what_tells_the_parts_apart() -> None:
    parts = [
        part("a", 2, 3, mechanism="tcp", cores="one"),
        part("b", 2, 3, mechanism="tcp", cores="two"),
        part("c", 0.1, 0.2, mechanism="udp", cores="two"),
    ]
    assert judgement(parts).text == "depends on mechanism"
    mixed = [*parts, part("d", 0.1, 0.2, mechanism="tcp", cores="three")]
    assert judgement(mixed).text == "depends on mechanism and cores"
    assert judgement(parts, depends_on="the moon").text == "depends on the moon"
    assert judgement([YES, NO]).text == "depends on which part of it is meant"


def test_ratios_hold_every_ratio_of_their_ends() -> None:
    ratio = Interval(value=10, low=8, high=12).over(Interval(value=5, low=4, high=6))
    assert (ratio.value, ratio.low, ratio.high) == (2, 8 / 6, 3)
    assert Interval(value=1, low=None, high=None).over(exactly(2)) == Interval(value=0.5, low=None, high=None)


ends = st.floats(min_value=1e-3, max_value=1e9)


@given(st.tuples(ends, ends, ends), st.tuples(ends, ends, ends))
def test_a_ratio_lies_within_its_interval(one: tuple[float, ...], other: tuple[float, ...]) -> None:
    (low, value, high), (least, middle, most) = sorted(one), sorted(other)
    ratio = Interval(value=value, low=low, high=high).over(Interval(value=middle, low=least, high=most))
    assert ratio.low is not None
    assert ratio.high is not None
    assert ratio.low <= ratio.value <= ratio.high


def test_intervals_are_spoken_where_there_are_any() -> None:
    assert spoken(Interval(value=2e6, low=1e6, high=3e6), format_rate) == "2 M/s (1 M/s to 3 M/s)"
    assert spoken(exactly(2e6), format_rate) == "2 M/s"
    assert spoken(Interval(value=2e6, low=None, high=None), format_rate) == "2 M/s"


def test_an_asking_is_a_command() -> None:
    asking = Asking(transports="tcp,udp", placements="same", params={"nodelay": "0,1"})
    wanted = "queuemark run -t tcp,udp -s 16 --placement same --duration 200ms -P nodelay=0,1 --repeats 3"
    assert asking.command("200ms", 3) == wanted
    counted = Asking(transports="tcp", items="1M").command("200ms", 5)
    assert "--duration" not in shlex.split(counted)


def test_claims_have_their_numbers_their_words_and_a_rule() -> None:
    for number, claim in CLAIMS.items():
        assert claim.number == number
        assert all((claim.text, claim.voice, claim.rule)), number
        assert not claim.text.endswith("."), number
