"""Every trial is a dot: outliers, failed ones and those without a rate, too."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import msgspec
import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument
from queuemark.views.axes import Scale
from queuemark.views.lines import ROWS_HIGH
from queuemark.views.picture import svg_text
from queuemark.views.registry import VIEWS
from queuemark.views.trials_chart import _KINDS, trials_chart
from tests.examples import case, document, said_trial, trial


def held() -> SessionDocument:
    steady, broken = case("tcp"), case("pipe")
    trials = [trial(steady, repeat) for repeat in range(6)]
    trials.append(trial(steady, 6, window_ns=900_000_000))
    failed = [trial(broken), trial(broken, 1, state="failed", reason="1 message was lost")]
    failed.append(trial(broken, 2, window_ns=900_000))
    return with_estimates(document((steady, trials), (broken, failed)))


def dots(of: SessionDocument, **asked: Any) -> list[dict[str, Any]]:
    (rows,) = trials_chart(of, **asked)["datasets"].values()
    return list(rows)


def test_every_trial_is_a_dot_of_its_kind() -> None:
    kinds = Counter((dot["row"].split()[0], dot["kind"]) for dot in dots(held()) if dot["kind"])
    assert kinds == {
        ("tcp", "trial"): 6,
        ("tcp", "far from the others"): 1,
        ("pipe", "trial"): 1,
        ("pipe", "failed"): 1,
        ("pipe", "no rate"): 1,
    }


def test_what_was_only_said_is_no_trial_like_others() -> None:
    of = case("tcp")
    drawn = dots(with_estimates(document((of, [said_trial(of, repeat) for repeat in range(3)]))))
    assert {(dot["row"], dot["kind"]) for dot in drawn if dot["kind"]} == {
        ("tcp each (not proved), 64 B to 1", "not proved")
    }


@pytest.mark.parametrize("scale", ["log", "linear"])
def test_what_has_no_rate_is_given_none_and_has_a_place_of_its_own(scale: Scale) -> None:
    held_back = [dot for dot in dots(held(), scale=scale) if dot["kind"] in ("failed", "no rate")]
    assert [(dot["rate_per_s"], dot["place"]) for dot in held_back] == [(None, 0), (None, 1)]
    assert {dot["place"] for dot in dots(held(), scale=scale) if dot["rate_per_s"]} == {None}


def test_every_trial_is_drawn_with_a_rate_or_without() -> None:
    pytest.importorskip("vl_convert", reason="the extra report is not installed")
    drawn = Counter(re.findall(r'<path [^>]*fill="(#\w+)"[^>]*opacity="0.75"', svg_text(trials_chart(held()))))
    kinds = [dot["kind"] for dot in dots(held()) if dot["kind"]]
    in_the_legend = list(dict.fromkeys(kinds))
    assert drawn == Counter(_KINDS[kind][0] for kind in [*kinds, *in_the_legend])


def test_a_case_has_its_median_and_its_interval() -> None:
    (median,) = [dot for dot in dots(held()) if dot["row"].startswith("tcp") and not dot["kind"]]
    estimate = held().cases[0].rate_per_s
    assert estimate is not None
    assert (median["rate_per_s"], median["low_per_s"]) == (estimate.median, estimate.low)


def test_of_many_cases_those_that_scatter_most_are_drawn() -> None:
    cases = [case("tcp", size_bytes=size) for size in range(8, 8 + ROWS_HIGH + 4)]
    made = [
        (of, [trial(of), trial(of, 1, window_ns=220_000_000 + 1_000_000 * place)]) for place, of in enumerate(cases)
    ]
    spec = trials_chart(with_estimates(document(*made)))
    (rows,) = spec["datasets"].values()
    assert len({row["row"] for row in rows}) == ROWS_HIGH
    assert "tcp each, 8 B to 1" not in {row["row"] for row in rows}
    assert (spec["usermeta"]["lines"], spec["usermeta"]["drawn"]) == (ROWS_HIGH + 4, ROWS_HIGH)


def test_the_table_counts_them_and_begins_with_what_failed() -> None:
    (table,) = VIEWS["trials"].tables(held())
    names = [column.name for column in table.columns]
    first, second = (dict(zip(names, row, strict=True)) for row in table.rows)
    assert (first["name"], first["trials"], first["failed"]) == ("pipe", 3, 1)
    assert (second["name"], second["trials"], second["failed"], second["outliers"]) == ("tcp", 7, None, 1)


def test_the_lowest_and_the_highest_are_of_what_the_median_is_of() -> None:
    of = case("tcp")
    said = msgspec.structs.replace(said_trial(of, 3), window_ns=1_000_000)
    (table,) = VIEWS["trials"].tables(with_estimates(document((of, [*(trial(of, n) for n in range(3)), said]))))
    (row,) = (dict(zip([column.name for column in table.columns], row, strict=True)) for row in table.rows)
    counted = [trial(of, repeat) for repeat in range(3)]
    rates = sorted(each.delivered / each.window_ns * 1e9 for each in counted)
    assert (row["trials"], row["unproved"]) == (4, 1)
    assert (row["rate_lowest_per_s"], row["rate_per_s"], row["rate_highest_per_s"]) == pytest.approx(rates)


def test_without_trials_it_says_what_to_do() -> None:
    empty = with_estimates(document((case("tcp"), [])))
    with pytest.raises(UsageError, match="--resume"):
        VIEWS["trials"].tables(empty)
    with pytest.raises(UsageError, match="no rate of any trial"):
        trials_chart(empty)
