"""What derives from a trial's counts, and what is withheld."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.model.trial import WINDOW_LOW_NS, ConsumerFigures, TrialFigures, fairness, figures, stored_trial
from tests.examples import case, trial

RATES = ("rate_per_s", "send_rate_per_s", "goodput_bytes_per_s")


def test_rates_are_counts_by_their_windows() -> None:
    shown = figures(trial(case("tcp", size_bytes=100), delivered=1000, window_ns=10**9 // 2, send_window_ns=10**9 // 4))
    assert shown.rate_per_s == 2000
    assert shown.send_rate_per_s == 4000
    assert shown.goodput_bytes_per_s == 200_000
    assert shown.rate_withheld is None


def test_m21_costs_stand_beside_the_rate() -> None:
    shown = figures(
        trial(case("tcp"), delivered=1000, calls=1500, cpu_ns=90_000, switches_voluntary=4, switches_involuntary=1)
    )
    assert shown.calls_per_message == 1.5
    assert shown.cpu_ns_per_message == 90
    assert shown.switches_per_message == 0.005
    assert shown.bytes_per_call == 68


@pytest.mark.parametrize("window_ns", [0, 1, WINDOW_LOW_NS - 1])
def test_m07_a_window_under_1_ms_withholds_its_rates_and_says_why(window_ns: int) -> None:
    shown = figures(trial(case("tcp"), window_ns=window_ns))
    assert [getattr(shown, name) for name in RATES] == [None, None, None]
    assert f"window of {window_ns} ns is under 1 ms" in (shown.rate_withheld or "")
    assert shown.delivered == 120_000
    assert shown.calls_per_message is not None


def test_m07_a_window_of_1_ms_is_enough() -> None:
    shown = figures(trial(case("tcp"), window_ns=WINDOW_LOW_NS))
    assert shown.rate_per_s == 120_000_000
    assert shown.rate_withheld is None


def test_m07_a_send_window_under_1_ms_withholds_the_send_rate_alone() -> None:
    shown = figures(trial(case("tcp"), send_window_ns=1000))
    assert shown.send_rate_per_s is None
    assert shown.rate_per_s is not None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"state": "failed", "reason": "lost 1"}, "delivery was not proved"),
        ({"state": "unavailable", "reason": "no mqueue"}, "it did not run"),
        ({"sent": 120_001}, "delivery was not proved"),
        ({"delivered": 0}, "nothing was delivered"),
        ({"delivered": 0, "lost": 5}, "nothing was delivered"),
    ],
)
def test_m01_no_rate_is_shown_for_what_was_not_proved(changed: dict[str, Any], why: str) -> None:
    of = case("tcp", consumers=2)
    shown = figures(trial(of, **changed))
    assert shown.rate_withheld == why
    assert [getattr(shown, name) for name in RATES] == [None, None, None]
    assert [consumer.rate_per_s for consumer in shown.consumers] == [None, None]


@pytest.mark.parametrize(
    ("changed", "of_first", "why"),
    [
        ({"delivered": 5}, {}, "sent 120000 is not delivered 5 + lost 0"),
        ({"delivered": 5, "lost": 119_995}, {}, "delivered is 5, its consumers' sum is 120000"),
        ({"consumers": []}, {}, "delivered is 120000, its consumers' sum is 0"),
        ({"sent": 120_001, "lost": 1}, {}, "sent is 120001, its producer says 120000"),
        ({"duplicated": 1}, {}, "duplicated is 1, its consumers' sum is 0"),
        ({}, {"reordered": 2}, "reordered is 0, its consumers' sum is 2"),
        ({}, {"lost": 3}, "consumer 0 was dealt 60000, not delivered 60000 + lost 3"),
        ({}, {"dealt": 59_999}, "consumer 0 was dealt 59999, not delivered 60000 + lost 0"),
        ({"corrupted": 1}, {"corrupted": 1}, "1 corrupted"),
    ],
)
def test_m01_a_trial_whose_counts_contradict_it_has_failed(
    changed: dict[str, Any], of_first: dict[str, int], why: str
) -> None:
    counted = trial(case("tcp", consumers=2))
    counted.consumers[0] = msgspec.structs.replace(counted.consumers[0], **of_first)
    counted = msgspec.structs.replace(counted, **changed)
    shown = figures(counted)
    assert (shown.state, shown.rate_per_s) == ("failed", None)
    assert shown.reason == f"the trial is recorded as ok, which its counts contradict: {why}"
    assert figures(stored_trial(shown)) == shown


@pytest.mark.parametrize("transport", ["pipe", "tcp"])
def test_m01_a_loss_that_is_counted_is_no_contradiction(transport: str) -> None:
    shown = figures(trial(case(transport, consumers=2), delivered=119_999, lost=1))
    assert (shown.state, shown.sent, shown.rate_withheld) == ("ok", 120_000, None)
    assert shown.rate_per_s == 119_999 * 1e9 / 200_000_000


def test_a_consumer_has_its_own_rate() -> None:
    shown = figures(trial(case("tcp", consumers=4)))
    assert isinstance(shown.consumers[1], ConsumerFigures)
    assert shown.consumers[1].rate_per_s == 30_000 * 1e9 / (200_000_000 - 1000)


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=40))
def test_fairness_lies_between_one_nth_and_one(delivered: list[int]) -> None:
    index = fairness(delivered)
    if not any(delivered):
        assert index is None
    else:
        assert index is not None
        assert 1 / len(delivered) - 1e-12 <= index <= 1 + 1e-12


def test_fairness_at_its_ends() -> None:
    assert fairness([7, 7, 7]) == 1
    assert fairness([9, 0, 0]) == pytest.approx(1 / 3)
    assert fairness([]) is None


def test_what_derives_is_dropped_and_computed_again() -> None:
    counted = trial(case("tcp", consumers=2))
    shown = figures(counted)
    forged = msgspec.structs.replace(shown, rate_per_s=1e15, fairness=0.5)
    assert stored_trial(forged) == counted
    assert figures(stored_trial(forged)) == shown


def test_the_stored_form_names_nothing_that_derives() -> None:
    derived = set(TrialFigures.__struct_fields__) - set(msgspec.to_builtins(trial(case("tcp"))))
    assert derived == {
        "rate_per_s",
        "rate_withheld",
        "send_rate_per_s",
        "goodput_bytes_per_s",
        "fairness",
        "calls_per_message",
        "cpu_ns_per_message",
        "switches_per_message",
        "bytes_per_call",
    }
