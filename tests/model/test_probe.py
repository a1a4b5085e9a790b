"""Figures of a machine, found by what they are of, and read off between them."""

from __future__ import annotations

import pytest

from queuemark.model.probe import Probe, Probes


def figure(value: float | None, unit: str = "ns", **params: int | str) -> Probe:
    known = {"unit": unit, "value": value, "low": value, "high": value, "samples": 0 if value is None else 9}
    return Probe(name="path", params=params, reason=None if value is not None else "refused", **known)  # type: ignore[arg-type]


FALLING = Probes([figure(60.0, bytes=4), figure(10.0, bytes=16), figure(30.0, bytes=1040)])


@pytest.mark.parametrize(
    ("place", "value"), [(1, 60.0), (4, 60.0), (10, 35.0), (16, 10.0), (528, 20.0), (1040, 30.0), (2064, 50.0)]
)
def test_a_place_has_what_the_line_through_its_neighbours_says(place: int, value: float) -> None:
    assert FALLING.along("bytes", place, "path") == pytest.approx(value)


def test_beyond_the_last_it_is_never_below_it() -> None:
    assert Probes([figure(60.0, bytes=4), figure(10.0, bytes=16)]).along("bytes", 1000, "path") == 10.0


def test_no_line_joins_what_is_of_different_things() -> None:
    assert FALLING.along("bytes", 7, "path", apart_at=8) == 60.0
    assert FALLING.along("bytes", 8, "path", apart_at=8) == 10.0
    assert Probes([figure(10.0, bytes=16)]).along("bytes", 7, "path", apart_at=8) is None


def test_the_best_of_each_figure_is_of_the_time_when_the_machine_was_faster() -> None:
    before = [figure(20.0, bytes=16), figure(5e9, "bytes_per_s", bytes=4096), figure(None, cores="two")]
    after = [figure(30.0, bytes=16), figure(6e9, "bytes_per_s", bytes=4096), figure(70.0, cores="two")]
    for times in ((before, after), (after, before)):
        best = Probes.best(*times)
        assert best.value("path", bytes=16) == 20.0
        assert best.value("path", bytes=4096) == 6e9
        assert best.value("path", cores="two") == 70.0
    assert Probes.best(before, []).value("path", bytes=16) == 20.0
