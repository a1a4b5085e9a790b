"""Up to six sessions beside the first: ratios and verdicts, like with like, and no session's words as markup."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from queuemark.analysis.comparison import compare
from queuemark.analysis.estimates import with_estimates
from queuemark.model.broker import BrokerUse
from queuemark.model.errors import UsageError
from queuemark.model.plan import Case
from queuemark.model.session import SessionDocument
from queuemark.views.compared import compared, compared_tables
from queuemark.views.compared_chart import compared_chart, comparison_chart
from queuemark.views.comparison import comparison_table
from queuemark.views.lines import ROWS_HIGH
from queuemark.views.picture import svg_text
from queuemark.views.table import Table
from queuemark.views.theme import Spec
from tests.analysis.sessions import drawn_session
from tests.examples import case, document, trial

CASES = [case(name, size_bytes=size) for name in ("tcp", "pipe") for size in (16, 1024)]


def drawn(seed: int, cases: list[Case] = CASES, ratios: dict[int, float] | None = None) -> SessionDocument:
    return drawn_session(np.random.default_rng(seed), cases, ratios=ratios)


def three() -> list[SessionDocument]:
    """B is slower at tcp, C faster at one case of pipe, whose machine has another processor."""
    other = drawn(3, ratios={3: 2.0})
    other.session.machine = msgspec.structs.replace(other.session.machine, cpu_model="Another One")
    return [drawn(1), drawn(2, ratios={0: 0.4, 1: 0.4}), other]


def cells(table: Table) -> list[dict[str, Any]]:
    return [dict(zip([column.name for column in table.columns], row, strict=True)) for row in table.rows]


def marks(spec: Spec) -> list[dict[str, Any]]:
    (rows,) = spec["datasets"].values()
    return list(rows)


def test_each_session_is_compared_with_the_first_alone() -> None:
    documents = three()
    pairs = compared(documents)
    assert [pair.letter for pair in pairs] == ["B", "C"]
    assert [pair.comparison for pair in pairs] == [compare(documents[:1], [other]) for other in documents[1:]]


def test_the_sums_say_how_many_verdicts_each_session_has() -> None:
    sums, _ = compared_tables(three())
    first, second = cells(sums)
    assert (first["letter"], first["slower"], first["faster"]) == ("B", 2, 0)
    assert (second["letter"], second["slower"], second["faster"]) == ("C", 0, 1)
    assert first["rate_ratio"] < 0.8
    assert "C ran on another machine than A (cpu_model): its ratios compare machines" in sums.above
    assert sums.below[-1].startswith("again: queuemark compare ")


def test_a_line_is_a_case_with_a_verdict_for_each_session_the_clearest_first() -> None:
    _, by_case = compared_tables(three())
    rows = cells(by_case)
    assert len(rows) == len(CASES)
    assert [row["name"] for row in rows[:2]] == ["tcp", "tcp"]
    assert [row["b_verdict"] for row in rows[:3]] == ["slower", "slower", "undecided"]
    assert rows[2]["c_verdict"] == "faster"
    assert all(row["b_low"] <= row["b_ratio"] <= row["b_high"] for row in rows)


def test_m03_unlike_meanings_are_kept_apart_and_counted() -> None:
    unlike = [msgspec.structs.replace(of, params={**of.params, "nodelay": 1}) for of in CASES[:2]]
    sums, by_case = compared_tables([drawn(1), drawn(2, [*unlike, *CASES[2:]])])
    assert [row["name"] for row in cells(by_case)] == ["pipe", "pipe"]
    assert cells(sums)[0]["left_out"] == 4
    assert any(line.startswith("B: 4 cases not compared, without a partner") for line in by_case.below)


def test_the_runtime_of_a_transport_is_named_where_several_measured_it() -> None:
    cases = [*CASES, *(msgspec.structs.replace(of, runtime="python") for of in CASES[:1])]
    sessions = [drawn(1, cases), drawn(2, cases)]
    _, by_case = compared_tables(sessions)
    beside = comparison_table(compare(sessions[:1], sessions[1:]), sessions[:1], sessions[1:], "queuemark compare")
    for table in (by_case, beside):
        assert sorted(row["name"] for row in cells(table)) == [
            *["pipe"] * 2,
            *["tcp (native)"] * 2,
            "tcp (python)",
        ]
    assert "tcp (python) each, 16 B to 1" in {mark["row"] for mark in marks(compared_chart(sessions))}


def through(name: str, *brokers: BrokerUse | None) -> SessionDocument:
    """A session of this name whose trials went through these servers."""
    of = case("tcp")
    held = document((of, [trial(of, repeat, broker=used) for repeat, used in enumerate(brokers)]))
    held.session.id = name * 32
    return with_estimates(held)


def test_m03_another_server_is_named() -> None:
    started, newer = (BrokerUse(name="nats", version=version, started=True) for version in ("2.9", "2.10"))
    named = BrokerUse(name="nats", version="2.9", started=False)
    own, other, elsewhere = (
        through("a", *[started] * 3),
        through("b", *[newer] * 3),
        through("c", named, started, named),
    )
    for second, servers in ((other, "nats 2.10"), (elsewhere, "nats 2.9, one that ran already, nats 2.9")):
        beside = comparison_table(compare([own], [second]), [own], [second], "queuemark compare")
        (line,) = [line for line in beside.above if "another nats server" in line]
        assert line.startswith(f"B went through another nats server than A ({servers}, started for each trial; A: ")
        (sums, _) = compared_tables([own, second])
        assert line in sums.above
    for second in (through("d", *[started] * 3), through("e", *[None] * 3)):
        beside = comparison_table(compare([own], [second]), [own], [second], "queuemark compare")
        assert not any("another nats server" in line for line in beside.above)


def test_where_a_session_lacks_a_case_its_cells_are_empty() -> None:
    _, by_case = compared_tables([drawn(1), drawn(2), drawn(3, CASES[:2])])
    pipe = [row for row in cells(by_case) if row["name"] == "pipe"]
    assert [(row["c_ratio"], row["c_verdict"]) for row in pipe] == [(None, None), (None, None)]
    assert all(row["b_ratio"] for row in pipe)


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ([drawn(1)], "1 session cannot be compared; name 2 to 6"),
        ([drawn(seed) for seed in range(7)], "7 sessions cannot be compared"),
        ([drawn(1), drawn(1)], "named twice"),
        ([drawn(1, CASES[:1]), drawn(2, CASES[1:])], "nothing to compare"),
    ],
)
def test_what_cannot_be_compared_is_refused(documents: list[SessionDocument], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        compared_tables(documents)


@pytest.mark.parametrize("scale", ["log", "linear"])
def test_the_picture_has_a_mark_for_each_ratio_with_its_verdict(scale: Any) -> None:
    spec = compared_chart(three(), scale=scale)
    held = marks(spec)
    assert len(held) == 2 * len(CASES)
    assert {mark["panel"] for mark in held} == {"B / A", "C / A"}
    assert {mark["row"] for mark in held if mark["verdict"] == "slower"} == {
        "tcp each, 16 B to 1",
        "tcp each, 1 KiB to 1",
    }
    assert f"'type': '{scale}'" in str(spec)
    assert svg_text(spec).startswith("<svg")


def test_only_a_linear_axis_of_ratios_begins_at_nothing() -> None:
    for scale, begins in (("linear", True), ("log", False)):
        layers = compared_chart(three(), scale="linear" if scale == "linear" else "log")["spec"]["layer"]
        low, high = layers[-1]["encoding"]["x"]["scale"]["domain"]
        assert (low == 0) is begins
        assert low < 1 < high


def test_a_picture_of_two_sides_is_of_all_their_sessions() -> None:
    a, b = [drawn(1), drawn(2)], [drawn(3), drawn(4)]
    spec = comparison_chart(compare(a, b), a, b, "queuemark compare a1,a2 b1,b2")
    assert len(marks(spec)) == len(CASES)
    told = spec["title"]["subtitle"]
    assert spec["title"]["text"] == "Is B faster than A?"
    assert [line[:3] for line in told if line.startswith(("A: ", "B: "))] == ["A: ", "A: ", "B: ", "B: "]
    assert told[-1] == "again: queuemark compare a1,a2 b1,b2"


def test_of_many_cases_the_clearest_differences_are_drawn() -> None:
    cases = [case("tcp", size_bytes=size) for size in range(8, 8 + ROWS_HIGH + 2)]
    spec = compared_chart([drawn(1, cases), drawn(2, cases, ratios={5: 3.0})])
    assert spec["usermeta"]["lines"] == ROWS_HIGH + 2
    assert len({mark["row"] for mark in marks(spec)}) == ROWS_HIGH
    assert [mark["row"] for mark in marks(spec) if mark["verdict"] == "faster"] == ["tcp each, 13 B to 1"]
