"""Marks in words, in the tables that everybody sees."""

from __future__ import annotations

import csv
import io

import msgspec

from queuemark.analysis.estimates import with_estimates
from queuemark.model.session import SessionDocument
from queuemark.views.case import case_tables
from queuemark.views.rates import rates_text
from queuemark.views.record import record_table
from queuemark.views.render import csv_text, text
from tests.examples import case, document, trial

FALLING = [(place * 10**7, place * (1000 - 20 * place)) for place in range(20)]
STEADY = [(place * 10**7, place * 1000) for place in range(20)]


def session(rates: list[int], unsteady: int = 0) -> SessionDocument:
    of = case()
    trials = [
        trial(of, repeat, delivered=rate, window_ns=10**9, progress=FALLING if repeat < unsteady else STEADY)
        for repeat, rate in enumerate(rates)
    ]
    return with_estimates(document((of, trials), repeats=len(rates)))


def test_m08_a_case_that_was_not_steady_says_so_and_counts_its_trials() -> None:
    told = rates_text(session([1000, 1001, 1002, 1003, 1004], unsteady=3))
    assert "ok [1]" in told
    assert "[1] no steady state in 3 of 5 trials" in told
    assert "not judged" not in told


def test_m08_what_could_not_be_judged_is_said() -> None:
    of = case()
    mixed = with_estimates(document((of, [trial(of, 0), trial(of, 1, progress=STEADY)])))
    assert "steady state: not judged of 1 of 2 trials" in " ".join(rates_text(mixed).split())
    none = with_estimates(document((of, [trial(of, 0)])))
    assert "steady state: not judged of any trial" in " ".join(rates_text(none).split())


def test_m15_outliers_and_modes_have_marks_and_footnotes() -> None:
    assert "[1] 1 of 5 trials far from the others, and counted all the same" in rates_text(
        session([1000, 1001, 1002, 1003, 500])
    )
    told = " ".join(rates_text(session([1000, 1001, 1002, 1500, 1501, 1502])).split())
    assert "[1] two modes: 3 trials around 1 k/s and 3 trials around 1.5 k/s" in told


def test_the_trials_of_a_case_say_which_they_are() -> None:
    of_one = session([1000, 1001, 1002, 1003, 500], unsteady=1)
    told = text(case_tables(of_one, 1, of_one.cases[0])[0], None)
    assert "no steady state in 1 of 5 trials" in told
    rows = list(csv.DictReader(io.StringIO(csv_text(record_table(of_one, "trial")))))
    assert [row["outlier"] for row in rows] == ["no"] * 4 + ["yes"]
    assert float(rows[0]["rate_variation"]) > 0.02 > float(rows[1]["rate_variation"])


def test_m16_the_table_says_the_rule_and_which_cases_did_not_get_there() -> None:
    made = session([1000, 1200, 800, 900, 1100])
    made.session.plan = msgspec.structs.replace(made.session.plan, until_percent=2.0)
    told = " ".join(rates_text(with_estimates(made)).split())
    assert "up to 5 trials a case, until the interval is within 2 %" in told
    assert "[1] the interval is still wider than was asked for after 5 trials, the most" in told
