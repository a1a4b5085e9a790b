"""The view of scaling: figures, words and curves."""

from __future__ import annotations

import csv
import io

import pytest

from queuemark.analysis.scaling import Law, scalings
from queuemark.model.errors import UsageError
from queuemark.views.registry import VIEWS
from queuemark.views.render import csv_text, text
from queuemark.views.scaling import meaning, scaling_tables
from queuemark.views.scaling_chart import scaling_chart
from tests.analysis.test_scaling import CONSUMERS, session


@pytest.mark.parametrize(
    ("law", "noise", "words"),
    [
        (Law(6e5, 0.2, 0.02), 0.0, "more than 6 make it slower"),
        (Law(6e5, 1.3, 0.02), 0.01, "a second consumer makes it slower"),
        (Law(6e5, 0.01, 0.0), 0.01, "more make it faster up to 32, the most that was measured"),
        (Law(6e5, 1.0, 0.0), 0.01, "their number hardly matters"),
    ],
)
def test_m24_the_words_say_what_the_law_means(law: Law, noise: float, words: str) -> None:
    (found,) = scalings(session(law, noise))
    assert meaning(found) == words


def test_m24_the_words_say_how_sure_the_peak_is() -> None:
    (unsure,) = scalings(session(Law(6e5, 0.2, 0.01), 0.15))
    assert unsure.peak is not None
    assert meaning(unsure).startswith(f"more than {unsure.peak.value:.0f} make it slower (")
    (few,) = scalings(session(Law(6e5, 0.2, 0.02), 0.0, repeats=2))
    assert meaning(few).endswith("(too few trials to say how surely)")


def test_m24_the_table_has_the_coefficients_with_their_intervals() -> None:
    made = session(Law(6e5, 0.2, 0.02), 0.03)
    told = text(scaling_tables(made)[0])
    assert max(map(len, told.splitlines())) <= 100
    assert "sigma" in told
    assert "make it" in told
    (row,) = csv.DictReader(io.StringIO(csv_text(scaling_tables(made, alone=True)[0])))
    for name in ("sigma", "kappa", "peak"):
        assert float(row[f"{name}_low"]) <= float(row[name]) <= float(row[f"{name}_high"])
    assert float(row["sigma"]) == pytest.approx(0.2, rel=0.5)


def test_a_session_without_enough_numbers_of_consumers_says_what_to_measure() -> None:
    few = session(Law(6e5, 0.2, 0.02), 0.0)
    few.cases = few.cases[:5]
    for show in (scaling_tables, scaling_chart):
        with pytest.raises(UsageError, match=r"measure some with: queuemark run -t tcp -c 1\.\.32"):
            show(few)


def test_the_chart_has_every_median_and_a_curve() -> None:
    law = Law(6e5, 0.2, 0.02)
    spec = scaling_chart(session(law, 0.0))
    (values,) = spec["datasets"].values()
    medians = [place for place in values if place["kind"] == "median"]
    curve = [place for place in values if place["kind"] == "law"]
    assert [place["consumers"] for place in medians] == CONSUMERS
    assert all(place["rate_per_s"] == pytest.approx(law.rate_per_s(place["consumers"])) for place in curve)
    assert (curve[0]["consumers"], curve[-1]["consumers"]) == (1, pytest.approx(32))
    assert "more than 6 make it slower" in " ".join(spec["title"]["subtitle"])


def test_it_is_a_view() -> None:
    assert VIEWS["scaling"].question == "What do more consumers bring?"
    assert VIEWS["scaling"].chart is scaling_chart
