"""What the pictures draw: one point a case with a rate, no line through cases of another meaning."""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec
import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.model.errors import QueuemarkError, UsageError
from queuemark.model.mix import parse_sizes
from queuemark.model.plan import Case
from queuemark.model.session import SessionDocument
from queuemark.model.trial import Trial
from queuemark.views.picture import draw
from queuemark.views.registry import VIEWS, view_named
from tests.examples import case, document, trial

SIZES = (16, 64, 256)


def three(of: Case, **changed: Any) -> tuple[Case, list[Trial]]:
    return of, [trial(of, repeat, **changed) for repeat in range(3)]


def grid(**more: Any) -> SessionDocument:
    held = [case(name, size_bytes=size, consumers=c) for name in ("tcp", "pipe") for size in SIZES for c in (1, 4)]
    return with_estimates(document(*map(three, held), **more))


def spec_of(name: str, held: SessionDocument) -> dict[str, Any]:
    chart = VIEWS[name].chart
    assert chart is not None
    return chart(held)


def rows(spec: dict[str, Any]) -> list[dict[str, Any]]:
    (held,) = spec["datasets"].values()
    return held  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", ["rates", "classic"])
def test_every_case_with_a_rate_is_a_point_with_its_interval(name: str) -> None:
    held = grid()
    drawn = rows(spec_of(name, held))
    assert len(drawn) == len(held.cases) == 12
    estimate = held.cases[0].rate_per_s
    assert estimate is not None
    first = drawn[0]
    assert (first["series"], first["size_bytes"], first["consumers"]) == ("tcp each", 16, 1)
    assert (first["rate_per_s"], first["low_per_s"]) == (estimate.median, estimate.low)


@pytest.mark.parametrize("name", ["rates", "classic"])
def test_m27_a_chart_says_its_question_its_session_and_its_command(name: str) -> None:
    title = spec_of(name, grid())["title"]
    assert title["text"] == VIEWS[name].question
    assert title["subtitle"][0].startswith("session 0123456789ab of 2026-03-01 12:00")
    assert title["subtitle"][-1] == "again: queuemark run"


@pytest.mark.parametrize(
    "other",
    [
        {"params": {"nodelay": 1}},
        {"policy": "buffer:16384"},
        {"wait": "spin"},
        {"placement": "same"},
        {"pattern": "fanout"},
        {"items": 1000},
        {"verify": "sample:10"},
    ],
)
def test_m03_cases_that_differ_in_meaning_never_share_a_line(other: dict[str, Any]) -> None:
    pairs = [(case("tcp", size_bytes=size), case("tcp", size_bytes=size, **other)) for size in SIZES]
    drawn = rows(spec_of("rates", with_estimates(document(*(three(of) for pair in pairs for of in pair)))))
    lines = {row["series"] for row in drawn}
    assert len(lines) == 2
    assert [sum(row["series"] == line for row in drawn) for line in lines] == [3, 3]


def test_m03_runtimes_are_lines_of_their_own() -> None:
    held = [case("tcp", size_bytes=size) for size in SIZES]
    both = [*held, *(msgspec.structs.replace(of, runtime="python") for of in held)]
    drawn = rows(spec_of("rates", with_estimates(document(*map(three, both)))))
    assert {row["series"] for row in drawn} == {"tcp (native) each", "tcp (python) each"}


def test_what_has_no_rate_is_counted_and_not_drawn() -> None:
    failed = three(case("pipe"), state="failed", reason="1 message was lost")
    spec = spec_of("rates", with_estimates(document(three(case("tcp")), failed)))
    assert [row["series"] for row in rows(spec)] == ["tcp each"]
    assert "not drawn: 1 case without a rate or a place here; the table has them" in spec["title"]["subtitle"]


def test_few_sizes_are_a_list_where_mixes_have_their_place() -> None:
    (mix,) = parse_sizes("16:50%,64:50%")
    assert not isinstance(mix, int)
    held = [case("tcp"), case("tcp", mix=mix)]
    spec = spec_of("rates", with_estimates(document(*map(three, held))))
    assert spec["facet"]["field"] == "size"
    assert {row["size"] for row in rows(spec)} == {"64 B", "16:50%,64:50%"}


def test_below_three_trials_there_is_no_bar() -> None:
    of = case("tcp")
    spec = spec_of("rates", with_estimates(document((of, [trial(of)]))))
    assert [row["low_per_s"] for row in rows(spec)] == [None]
    assert not any("interval" in line for line in spec["title"]["subtitle"])


def test_a_session_without_any_rate_has_nothing_to_draw() -> None:
    with pytest.raises(UsageError, match="has no rate to draw"):
        spec_of("rates", with_estimates(document((case("tcp"), []))))


def test_no_grid_no_classical_chart() -> None:
    with pytest.raises(UsageError, match="queuemark run classic"):
        spec_of("classic", with_estimates(document(three(case("tcp")))))


@pytest.mark.parametrize("name", ["rates", "classic"])
def test_a_picture_needs_nothing_from_elsewhere(name: str) -> None:
    spec = spec_of(name, grid())
    svg = draw(lambda: spec, "a.svg").decode()
    assert svg.startswith("<svg")
    assert "consumers" in svg
    assert "href=" not in svg
    assert draw(lambda: spec, "a.png").startswith(b"\x89PNG")
    assert b'"https://vega.github.io/schema/vega-lite/v6' in draw(lambda: spec, "a.json")


@pytest.mark.parametrize("module", ["altair", "vl_convert"])
def test_a_missing_extra_names_the_command_that_installs_it(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(QueuemarkError, match=r"cannot draw a\.svg.*pip install 'queuemark\[report\]'") as caught:
        draw(lambda: spec_of("rates", grid()), "a.svg")
    assert caught.value.exit_code == 1


def test_an_unknown_ending_is_refused_before_anything_is_drawn() -> None:
    with pytest.raises(UsageError, match=r"\.svg, \.png, \.json"):
        draw(lambda: pytest.fail("drawn"), "a.gif")


def test_an_unknown_view_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'classic'"):
        view_named("clasic")


def test_every_view_asks_a_question_and_answers_it_in_tables() -> None:
    held = grid()
    for name, view in VIEWS.items():
        assert view.question.endswith("?"), name
    for name in ("rates", "classic", "offered", "case"):
        tables = VIEWS[name].tables(held)
        assert tables[0].rows, name
        assert VIEWS[name].tables(held, wide=True, alone=True)[0].rows, name


@pytest.mark.parametrize("name", ["rates", "classic"])
def test_a_linear_axis_begins_at_nothing_and_sizes_stay_on_doublings(name: str) -> None:
    chart = VIEWS[name].chart
    assert chart is not None
    told = str(chart(grid(), scale="linear"))
    assert "'type': 'linear'" in told
    assert "'base': 2" in told


def many(count: int) -> SessionDocument:
    held = [
        case("tcp", size_bytes=size, params={"nodelay": 1}, items=1000 * (n + 1))
        for n in range(count)
        for size in SIZES
    ]
    return with_estimates(document(*map(three, held)))


def test_at_most_twelve_lines_are_drawn_and_the_others_counted() -> None:
    spec = spec_of("rates", many(14))
    assert (spec["usermeta"]["lines"], spec["usermeta"]["drawn"]) == (14, 12)
    assert len({row["series"] for row in rows(spec)}) == 12
    assert any(line.startswith("drawn: 12 of 14, the highest") for line in spec["title"]["subtitle"])


def test_a_panel_has_at_most_twelve_numbers_of_consumers() -> None:
    held = [case(size_bytes=size, consumers=consumers) for size in SIZES for consumers in range(1, 16)]
    spec = spec_of("classic", with_estimates(document(*map(three, held))))
    assert len({row["consumers"] for row in rows(spec)}) == 12
    assert any("drawn: 12 of 15" in line for line in spec["title"]["subtitle"])


def test_an_interval_is_a_band_along_a_line() -> None:
    held = rows(spec_of("rates", grid()))
    assert all(row["banded"] for row in held)
    assert all(row["low_per_s"] is not None for row in held)


def test_a_case_beside_the_line_has_a_bar() -> None:
    held = [case("tcp", size_bytes=size) for size in SIZES] + [case("pipe")]
    drawn = rows(spec_of("rates", with_estimates(document(*map(three, held)))))
    assert {row["series"]: row["banded"] for row in drawn} == {"tcp each": True, "pipe each": False}


@pytest.mark.parametrize("name", ["rates", "classic", "heat", "trials"])
def test_m04_no_picture_calls_delivered_what_nobody_was_there_to_receive(name: str) -> None:
    held = [case(size_bytes=size, consumers=consumers) for size in SIZES for consumers in (0, 1)]
    spec = spec_of(name, with_estimates(document(*map(three, held))))
    assert "messages delivered per second" not in json.dumps(spec)
    assert any(
        line.startswith("to 0 consumers: what was sent, none was delivered") for line in spec["title"]["subtitle"]
    )
    received = spec_of(name, grid())
    assert "messages delivered per second" in json.dumps(received)
    assert not any("to 0 consumers" in line for line in received["title"]["subtitle"])
