"""Verdicts between sessions: how often they are wrong where nothing differs, how often they are missed, what they say.

The noise is what sessions on virtual machines of two cpus show: trials of a case vary by 3 to 5 %, and rounds and
sessions by another 1 % that all cases share.
"""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from queuemark.analysis.comparison import Comparison, compare, newly_unproved, slower_than
from queuemark.cli.asked import REPEATS_DEFAULT
from queuemark.model.plan import Case
from tests.analysis.sessions import USUAL, Noise, drawn_session
from tests.examples import case, document, said_trial, trial

PAIRS = 1000


def cases(count: int) -> list[Case]:
    return [case("tcp", size_bytes=16 * (place + 1)) for place in range(count)]


def pair(draw: np.random.Generator, of: list[Case], sessions: int = 1, **changed: float) -> Comparison:
    """Two sides whose cases have the same noise; changed: ratio, of B to A in all cases."""
    sds = draw.uniform(*USUAL.trials, size=len(of))
    ratios = dict.fromkeys(range(len(of)), changed.get("ratio", 1.0))
    a = [drawn_session(draw, of, repeats=REPEATS_DEFAULT, sds=sds) for _ in range(sessions)]
    b = [drawn_session(draw, of, repeats=REPEATS_DEFAULT, sds=sds, ratios=ratios) for _ in range(sessions)]
    return compare(a, b)


def verdicts(comparison: Comparison) -> list[str]:
    return [each.verdict for each in comparison.compared]


@pytest.mark.parametrize(("count", "sessions"), [(1, 1), (6, 1), (24, 1), (6, 3)])
def test_m17_where_nothing_differs_at_most_5_percent_of_comparisons_say_so(count: int, sessions: int) -> None:
    draw, of = np.random.default_rng(17), cases(count)
    said = sum(set(verdicts(pair(draw, of, sessions))) != {"undecided"} for _ in range(PAIRS))
    assert said <= 0.05 * PAIRS


@pytest.mark.parametrize(("count", "sessions"), [(1, 1), (24, 1), (6, 3)])
def test_m17_a_true_difference_of_10_percent_is_found_in_80_percent(count: int, sessions: int) -> None:
    draw, of = np.random.default_rng(71), cases(count)
    found = [verdict for _ in range(PAIRS // count) for verdict in verdicts(pair(draw, of, sessions, ratio=0.9))]
    assert found.count("slower") >= 0.8 * len(found)


def test_m17_a_verdict_is_an_interval_without_1() -> None:
    draw, of = np.random.default_rng(3), cases(12)
    ratios = {0: 0.7, 1: 1.4, 2: 0.9, 3: 1.05}
    found = compare([drawn_session(draw, of)], [drawn_session(draw, of, ratios=ratios)])
    assert {"slower", "faster", "undecided"} == set(verdicts(found))
    for each in found.compared:
        assert each.low < each.ratio < each.high
        outside = "faster" if each.low > 1 else "slower" if each.high < 1 else "undecided"
        assert each.verdict == outside
        assert (each.p <= 1 - found.level) == (outside != "undecided")


def test_m17_the_drift_of_rounds_widens_the_intervals_of_single_sessions() -> None:
    of = cases(12)
    widths = []
    for rounds in (0.0, 0.1):
        draw = np.random.default_rng(4)
        noise = Noise(rounds=rounds, sessions=0.0)
        found = compare([drawn_session(draw, of, noise=noise)], [drawn_session(draw, of, noise=noise)])
        widths.append(min(log(each.high / each.low) for each in found.compared))
    assert widths[1] > 2 * widths[0]


def test_m17_what_differs_between_sessions_is_in_the_interval() -> None:
    draw, of = np.random.default_rng(5), cases(6)
    apart = Noise(sessions=0.2)
    sides = [[drawn_session(draw, of, noise=apart) for _ in range(3)] for _ in range(2)]
    found = compare(*sides)
    assert found.over_sessions
    assert found.drift == pytest.approx(0.2, rel=0.6)
    assert all(each.high / each.low > 1.2 for each in found.compared)


def test_a_bound_is_passed_only_by_the_whole_interval() -> None:
    draw, of = np.random.default_rng(6), cases(3)
    found = compare([drawn_session(draw, of)], [drawn_session(draw, of, ratios={0: 0.5, 1: 0.9})])
    worst = next(each for each in found.compared if each.case == of[0])
    assert slower_than(found, 0.05)[0] == worst
    assert slower_than(found, 1 - worst.high - 1e-9) == [worst]
    assert slower_than(found, 1 - worst.high + 1e-9) == []


def test_a_session_against_itself_is_undecided() -> None:
    session = drawn_session(np.random.default_rng(7), cases(4))
    found = compare([session], [session])
    assert [(each.ratio, each.verdict) for each in found.compared] == [(1.0, "undecided")] * 4


def test_trials_that_are_all_alike_are_no_certainty() -> None:
    exact = Noise(trials=(0.0, 0.0), rounds=0.0, sessions=0.0)
    draw, of = np.random.default_rng(8), cases(2)
    found = compare(
        [drawn_session(draw, of, noise=exact)], [drawn_session(draw, of, noise=exact, ratios={0: 1.001, 1: 1.5})]
    )
    assert verdicts(found) == ["undecided", "faster"]


def test_what_cannot_be_compared_is_named_with_its_reason() -> None:
    draw, of = np.random.default_rng(9), cases(4)
    a, b = drawn_session(draw, of[:3]), drawn_session(draw, of[1:])
    a.cases[1].trials = a.cases[1].trials[:2]
    for held in b.cases[1].trials:
        held.rate_per_s = None
    found = compare([a], [b])
    assert found.compared == []
    assert [(each.case, each.reason) for each in found.left_out] == [
        (of[0], "not in B"),
        (of[1], "fewer than 3 rates in A"),
        (of[2], "fewer than 3 rates in B"),
        (of[3], "not in A"),
    ]
    assert found.rate_ratio is None


def test_a_case_of_one_session_on_each_side_is_not_compared_over_sessions() -> None:
    draw, of = np.random.default_rng(10), cases(2)
    found = compare([drawn_session(draw, of), drawn_session(draw, of[:1])], [drawn_session(draw, of)])
    assert [each.case for each in found.compared] == of[:1]
    assert found.left_out[0].reason == "in one session of each side only"


def test_rounds_without_a_rate_are_left_out_of_the_account() -> None:
    draw, of = np.random.default_rng(11), cases(3)
    a, b = drawn_session(draw, of), drawn_session(draw, of)
    a.cases[0].trials[1].rate_per_s = None
    b.cases[2].trials = b.cases[2].trials[:3]
    found = compare([a], [b])
    assert [(each.trials_a, each.trials_b) for each in found.compared] == [(4, 5), (5, 5), (5, 3)]
    assert all(0 < each.low < each.high for each in found.compared)


def test_m17_a_longer_latency_is_slower_where_a_rate_was_set() -> None:
    of = [case("tcp", rate_per_s=10_000.0), case("tcp")]
    draw = np.random.default_rng(12)
    a, b = drawn_session(draw, of), drawn_session(draw, of)
    for session, p99_ns in ((a, 100_000), (b, 300_000)):
        for result in session.cases:
            for place, held in enumerate(result.trials):
                held.p99_ns = p99_ns + 1000 * place
    found = compare([a], [b])
    assert [(each.case, each.figure, each.verdict) for each in found.compared] == [
        (of[0], "rate_per_s", "undecided"),
        (of[1], "rate_per_s", "undecided"),
        (of[0], "p99_ns", "slower"),
    ]
    assert found.compared[2].ratio == pytest.approx(3, rel=0.1)
    assert slower_than(found, 0.05) == [found.compared[2]]
    assert slower_than(compare([b], [a]), 0.05) == []
    assert found.rate_ratio == pytest.approx(1, abs=0.1)


def test_m01_what_nobody_counted_is_compared_with_nothing() -> None:
    of = case("tcp", items=1_000_000)
    said = document((of, [said_trial(of, repeat, window_ns=10**9 + repeat) for repeat in range(5)]))
    proved = document((of, [trial(of, repeat) for repeat in range(5)]), id="f" * 32)
    for a, b, sides in ((said, proved, "A"), (proved, said, "B"), (said, said, "A and B")):
        found = compare([a], [b])
        assert found.compared == []
        assert [each.reason for each in found.left_out] == [
            f"delivery not proved in {sides}: nothing was counted there"
        ]
    assert [each.reason for each in newly_unproved([proved], [said])] == [
        "of 5 of 5 trials of B delivery was not proved, and of all of A it was: nothing was counted"
    ]
    assert newly_unproved([said], [proved]) == []
