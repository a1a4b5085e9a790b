"""What derives from a trial's counts, and what is withheld."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.model.latency import Latency
from queuemark.model.plan import Case
from queuemark.model.trial import (
    WINDOW_LOW_NS,
    ConsumerFigures,
    Trial,
    TrialFigures,
    contradiction,
    fairness,
    figures,
    stored_trial,
)
from tests.examples import case, said_trial, trial
from tests.histograms import histogram

FANOUT = case("tcp", consumers=4, pattern="fanout")
RATES = ("rate_per_s", "send_rate_per_s", "goodput_bytes_per_s")


def shown_of(of: Case, **changed: Any) -> TrialFigures:
    return figures(trial(of, **changed), of.workload)


def test_rates_are_counts_by_their_windows() -> None:
    shown = shown_of(case("tcp", size_bytes=100), delivered=1000, window_ns=10**9 // 2, send_window_ns=10**9 // 4)
    assert shown.rate_per_s == 2000
    assert shown.send_rate_per_s == 4000
    assert shown.goodput_bytes_per_s == 200_000
    assert shown.rate_withheld is None


def test_m21_costs_stand_beside_the_rate() -> None:
    shown = shown_of(
        case("tcp"), delivered=1000, calls=1500, cpu_ns=90_000, switches_voluntary=4, switches_involuntary=1
    )
    assert shown.calls_per_message == 1.5
    assert shown.cpu_ns_per_message == 90
    assert shown.switches_per_message == 0.005
    assert shown.bytes_per_call == 68


@pytest.mark.parametrize("window_ns", [0, 1, WINDOW_LOW_NS - 1])
def test_m07_a_window_under_1_ms_withholds_its_rates_and_says_why(window_ns: int) -> None:
    shown = shown_of(case("tcp"), window_ns=window_ns)
    assert [getattr(shown, name) for name in RATES] == [None, None, None]
    assert f"window of {window_ns} ns is under 1 ms" in (shown.rate_withheld or "")
    assert shown.delivered == 120_000
    assert shown.calls_per_message is not None


def test_m07_a_window_of_1_ms_is_enough() -> None:
    shown = shown_of(case("tcp"), window_ns=WINDOW_LOW_NS)
    assert shown.rate_per_s == 120_000_000
    assert shown.rate_withheld is None


def test_m07_a_send_window_under_1_ms_withholds_the_send_rate_alone() -> None:
    shown = shown_of(case("tcp"), send_window_ns=1000)
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
    shown = shown_of(of, **changed)
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
        ({}, {"dealt": 60_003, "lost": 3}, "sent is 120000, its consumers were dealt 120003"),
        ({}, {"dealt": None}, "consumer 0 does not say how many messages it was dealt"),
        ({}, {"checked": 7}, "checked is 120000, its consumers' sum is 60007"),
        ({"corrupted": 1}, {"corrupted": 1}, "1 corrupted"),
    ],
)
def test_m01_a_trial_whose_counts_contradict_it_has_failed(
    changed: dict[str, Any], of_first: dict[str, int], why: str
) -> None:
    of = case("tcp", consumers=2)
    counted = trial(of)
    counted.consumers[0] = msgspec.structs.replace(counted.consumers[0], **of_first)
    counted = msgspec.structs.replace(counted, **changed)
    shown = figures(counted, of.workload)
    assert (shown.state, shown.rate_per_s) == ("failed", None)
    assert shown.reason == f"the trial is recorded as ok, which its counts contradict: {why}"
    assert figures(stored_trial(shown), of.workload) == shown


@pytest.mark.parametrize("transport", ["pipe", "tcp"])
def test_m01_a_loss_that_is_counted_is_no_contradiction(transport: str) -> None:
    shown = shown_of(case(transport, consumers=2), delivered=119_999, lost=1)
    assert (shown.state, shown.sent, shown.rate_withheld) == ("ok", 120_000, None)
    assert shown.rate_per_s == 119_999 * 1e9 / 200_000_000


def test_m04_a_fan_out_is_published_once_and_delivered_to_each() -> None:
    shown = shown_of(FANOUT, delivered=4000, window_ns=10**9 // 2, send_window_ns=10**9 // 4)
    assert (shown.state, shown.sent, shown.delivered) == ("ok", 1000, 4000)
    assert (shown.rate_per_s, shown.rate_to_all_per_s, shown.send_rate_per_s) == (8000, 2000, 4000)
    assert shown.fairness == 1


def test_m04_what_all_were_delivered_is_not_more_than_who_got_the_fewest() -> None:
    shown = shown_of(FANOUT, delivered=3990, lost=10, window_ns=10**9)
    assert (shown.state, shown.sent) == ("ok", 1000)
    assert (shown.rate_per_s, shown.rate_to_all_per_s) == (3990, 990)


def test_m04_where_messages_are_shared_nothing_goes_to_all() -> None:
    assert shown_of(case("tcp", consumers=4)).rate_to_all_per_s is None


@pytest.mark.parametrize(
    ("changed", "of_first", "why"),
    [
        ({"sent": 30_001}, {}, "sent 30001 to each of 4 consumers is not delivered 120000 + lost 0"),
        ({"sent": 120_000}, {}, "sent 120000 to each of 4 consumers is not delivered 120000 + lost 0"),
        ({}, {"dealt": 29_999}, "consumer 0 was dealt 29999, not delivered 30000 + lost 0"),
    ],
)
def test_m01_a_fan_out_whose_counts_contradict_it_has_failed(
    changed: dict[str, Any], of_first: dict[str, int], why: str
) -> None:
    counted = trial(FANOUT, **changed)
    counted.consumers[0] = msgspec.structs.replace(counted.consumers[0], **of_first)
    shown = figures(counted, FANOUT.workload)
    assert (shown.state, shown.rate_per_s, shown.rate_to_all_per_s) == ("failed", None, None)
    assert (shown.reason or "").endswith(why)


def test_m01_a_fan_out_that_misses_one_consumer_is_not_made_good_by_another() -> None:
    counted = trial(FANOUT)
    for index, more in ((0, -1), (1, 1)):
        held = counted.consumers[index]
        share = {"dealt": 30_000 + more, "delivered": 30_000 + more, "checked": 30_000 + more}
        counted.consumers[index] = msgspec.structs.replace(held, **share)
    shown = figures(counted, FANOUT.workload)
    assert "consumer 0 was dealt 29999 of the 30000 messages sent to every one" in (shown.reason or "")
    as_share = figures(counted, case("tcp", consumers=4).workload)
    assert "sent 30000 is not delivered 120000 + lost 0" in (as_share.reason or "")


ASKING = case("tcp", consumers=2, pattern="pingpong", in_flight=2)


UNRECEIVED = case("pipe", consumers=0)


def unreceived(**changed: Any) -> TrialFigures:
    """100,000 messages that were accepted within 200 ms, with nobody there to receive them."""
    windows = {"window_ns": 200_000_000, "send_window_ns": 200_000_000, **changed}
    return figures(msgspec.structs.replace(trial(UNRECEIVED, delivered=100_000), **windows), UNRECEIVED.workload)


def test_m04_what_nobody_receives_has_the_rate_at_which_it_is_accepted() -> None:
    shown = unreceived()
    assert (shown.state, shown.rate_withheld) == ("ok", None)
    assert shown.rate_per_s == shown.send_rate_per_s == 500_000
    assert (shown.goodput_bytes_per_s, shown.fairness, shown.rate_to_all_per_s) == (0, None, None)
    assert shown.cpu_ns_per_message == shown.cpu_ns / 100_000


def test_m01_what_is_delivered_to_nobody_is_a_contradiction() -> None:
    for changed in ({"lost": 1}, {"delivered": 1}, {"lost": 100_000}):
        assert unreceived(**changed).state == "failed"


def test_what_was_not_accepted_has_no_rate() -> None:
    nothing = figures(trial(UNRECEIVED, delivered=0), UNRECEIVED.workload)
    assert (nothing.rate_per_s, nothing.rate_withheld) == (None, "nothing was accepted")


def test_m01_every_request_has_its_reply() -> None:
    shown = shown_of(ASKING, delivered=1000, window_ns=10**9)
    assert (shown.state, shown.round_trips, shown.rate_per_s) == ("ok", 1000, 1000)


@pytest.mark.parametrize(
    ("of", "changed", "why"),
    [
        (ASKING, {"round_trips": 119_999}, "119999 replies came back to 120000 requests"),
        (ASKING, {"round_trips": 120_001}, "120001 replies came back to 120000 requests"),
        (ASKING, {"delivered": 119_999, "lost": 1}, "each request was replied to and 1 were lost"),
        (case("tcp", consumers=2), {"round_trips": 1}, "1 replies came back to 0 requests"),
    ],
)
def test_m01_replies_that_contradict_the_requests_have_failed(of: Case, changed: dict[str, Any], why: str) -> None:
    shown = figures(trial(of, **changed), of.workload)
    assert (shown.state, shown.rate_per_s) == ("failed", None)
    assert (shown.reason or "").endswith(why)


@given(st.integers(1, 6), st.integers(0, 1000), st.integers(0, 1000), st.sampled_from(["share", "fanout"]))
def test_m01_any_account_that_adds_up_is_believed_and_none_that_is_one_off(
    consumers: int, sent: int, lost: int, pattern: str
) -> None:
    of = case("tcp", consumers=consumers, pattern=pattern)
    sent = max(sent, lost)
    counted = trial(of, delivered=sent * of.workload.copies - lost, lost=lost)
    assert contradiction(counted, of.workload) is None
    for name in ("sent", "delivered", "lost"):
        off = msgspec.structs.replace(counted, **{name: getattr(counted, name) + 1})
        assert contradiction(off, of.workload) is not None


def test_a_consumer_has_its_own_rate() -> None:
    shown = shown_of(case("tcp", consumers=4))
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
    of = case("tcp", consumers=2)
    counted = trial(of)
    shown = figures(counted, of.workload)
    forged = msgspec.structs.replace(shown, rate_per_s=1e15, fairness=0.5)
    assert stored_trial(forged) == counted
    assert figures(stored_trial(forged), of.workload) == shown


def test_the_stored_form_names_nothing_that_derives() -> None:
    derived = set(TrialFigures.__struct_fields__) - set(msgspec.to_builtins(trial(case("tcp"))))
    assert derived == {
        "rate_per_s",
        "rate_withheld",
        "rate_to_all_per_s",
        "saturated",
        *("p50_ns", "p90_ns", "p99_ns", "p999_ns", "p9999_ns", "mean_ns"),
        "send_rate_per_s",
        "goodput_bytes_per_s",
        "fairness",
        "calls_per_message",
        "cpu_ns_per_message",
        "switches_per_message",
        "bytes_per_call",
        "rate_variation",
        "cycles_per_message",
        "instructions_per_message",
        "cache_misses_per_message",
        "instructions_per_cycle",
    }


def test_m10_percentiles_of_a_trial_derive_from_its_histogram() -> None:
    of = case("tcp", rate_per_s=1000.0)
    latency = Latency(kind="one-way", every=1, histogram=histogram([500] * 999 + [1500]))
    found = figures(trial(of, latency=latency), of.workload)
    assert (found.p50_ns, found.p99_ns, found.p999_ns) == (500, 500, None)
    assert found.mean_ns == 501


def test_a_trial_whose_histogram_contradicts_itself_has_failed() -> None:
    of = case("tcp")
    wrong = msgspec.structs.replace(histogram([500] * 20), samples=21)
    found = figures(trial(of, latency=Latency(kind="one-way", every=1, histogram=wrong)), of.workload)
    assert found.state == "failed"
    assert "it has 21 samples, its buckets 20" in (found.reason or "")


@pytest.mark.parametrize(
    ("load", "sent", "saturated"),
    [
        ({"rate_per_s": 1000.0, "duration_s": 10.0}, 10_000, False),
        ({"rate_per_s": 1000.0, "duration_s": 10.0}, 9_899, False),
        ({"rate_per_s": 1000.0, "duration_s": 10.0}, 9_898, True),
        ({"rate_per_s": 10.0, "duration_s": 0.25}, 2, False),
        ({"rate_per_s": 50_000.0, "items": 10_000}, 10_000, False),
        ({"rate_per_s": 60_000.0, "items": 10_000}, 10_000, True),
        ({"duration_s": 10.0}, 10, None),
    ],
)
def test_saturated_is_who_sends_less_than_99_percent_of_what_was_due(
    load: dict[str, Any], sent: int, saturated: bool | None
) -> None:
    of = case("tcp", **load)
    assert figures(trial(of, delivered=sent, send_window_ns=200_000_000), of.workload).saturated is saturated


def test_m01_of_what_nobody_counted_only_the_rate_derives() -> None:
    of = case("tcp", items=1_000_000)
    shown = figures(said_trial(of, window_ns=2_500_000_000), of.workload)
    assert (shown.state, shown.proved, shown.delivery_proved) == ("ok", False, False)
    assert (shown.rate_per_s, shown.rate_withheld) == (400_000, None)
    derived = set(TrialFigures.__struct_fields__) - set(Trial.__struct_fields__) - {"rate_per_s"}
    assert [name for name in sorted(derived) if getattr(shown, name) is not None] == []


@pytest.mark.parametrize("changed", [{"delivered": 999_999}, {"consumers": trial(case("tcp")).consumers}])
def test_m01_a_trial_that_counted_nothing_contradicts_itself_by_counts(changed: dict[str, Any]) -> None:
    of = case("tcp", items=1_000_000)
    told = msgspec.structs.replace(said_trial(of), **changed)
    shown = figures(told, of.workload)
    assert (shown.state, shown.rate_per_s) == ("failed", None)
    assert "which its counts contradict" in (shown.reason or "")
