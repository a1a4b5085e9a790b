"""Demands: what can be written, what meets them, and that nothing unknown does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.analysis.assertions import FIGURE_NAMES, check_assertions, read_assertion, unmet
from queuemark.analysis.estimates import with_estimates
from queuemark.model.errors import UsageError
from queuemark.model.latency import Latency
from queuemark.model.plan import Case
from queuemark.model.trial import Trial
from tests.examples import case, document, said_trial, trial
from tests.histograms import histogram

TCP, LOSSY = case("tcp"), case("unix-stream")


def missed(text: str, *trials: Trial, of: Case = TCP) -> list[str]:
    return [each.found for each in unmet(with_estimates(document((of, list(trials)))), [read_assertion(text)])]


def timed(*times_ns: int) -> Trial:
    return trial(TCP, latency=Latency(kind="one-way", every=1, histogram=histogram(times_ns)))


@pytest.mark.parametrize(
    ("text", "transport", "figure", "comparison", "bound"),
    [
        ("rate>1M", None, "rate", ">", 1e6),
        ("rate >= 250k/s", None, "rate", ">=", 250e3),
        ("p99<50us", None, "p99", "<", 50e3),
        ("p99.9 <= 1.5ms", None, "p99.9", "<=", 1.5e6),
        ("tcp: rate>1M", "tcp", "rate", ">", 1e6),
        (" unix-stream :P50<1us ", "unix-stream", "p50", "<", 1e3),
        ("loss<=0%", None, "loss", "<=", 0.0),
        ("loss < 0.1 %", None, "loss", "<", 0.1),
        ("fairness>0.9", None, "fairness", ">", 0.9),
        ("calls<2", None, "calls", "<", 2.0),
        ("cpu<500ns", None, "cpu", "<", 500.0),
        ("max<1s", None, "max", "<", 1e9),
    ],
)
def test_a_demand_is_read(text: str, transport: str | None, figure: str, comparison: str, bound: float) -> None:
    found = read_assertion(text)
    assert (found.transport, found.figure, found.comparison) == (transport, figure, comparison)
    assert found.bound == pytest.approx(bound)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rate",
        "rate=1M",
        "rate==1M",
        "rate>",
        ">1M",
        "rate<>1M",
        "rate>1M<2M",
        "speed>1M",
        "rate>-1",
        "rate>1us",
        "p99<50",
        "p99<50MB",
        "p99<0us",
        "loss<0.1",
        "loss<x%",
        "fairness>high",
        "fairness>1e3",
        "tcp rate>1M",
        ":rate>1M",
    ],
)
def test_what_is_no_demand_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_assertion(text)
    assert "\n" not in str(caught.value)
    assert text in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_is_a_demand_or_a_usage_error(text: str) -> None:
    try:
        assert read_assertion(text).figure in FIGURE_NAMES
    except UsageError as error:
        assert str(error)


def test_the_nearest_figure_is_named() -> None:
    with pytest.raises(UsageError, match=r"did you mean 'fairness'\?"):
        read_assertion("fairnes>0.9")


def test_a_demand_is_met_or_what_is_there_instead_is_told() -> None:
    trials = [trial(TCP, repeat, delivered=1_000_000, window_ns=10**9) for repeat in range(3)]
    assert missed("rate>=1M", *trials) == []
    assert missed("rate>1M", *trials) == ["rate is 1 M/s"]
    assert missed("rate<1.1M", *trials) == []
    assert missed("fairness>0.99", *trials) == []
    assert missed("cpu<0.1us", *trials) == ["cpu is 270 ns"]


def test_loss_is_a_share_of_what_was_due_over_all_trials() -> None:
    trials = [trial(LOSSY, 0, delivered=900, lost=100), trial(LOSSY, 1, delivered=1000)]
    assert missed("loss<=5%", *trials, of=LOSSY) == []
    assert missed("loss<5%", *trials, of=LOSSY) == ["loss is 5 %"]


def test_latency_is_that_of_all_trials_together() -> None:
    assert missed("p50<=1us", timed(*range(1, 1000))) == []
    assert missed("max<900ns", timed(*range(1, 1000))) == ["max is 999 ns"]


@pytest.mark.parametrize(
    ("text", "made", "reason"),
    [
        ("rate>1", trial(TCP, state="failed", reason="lost 3 messages"), "there is no rate: lost 3 messages"),
        ("rate>1", trial(TCP, window_ns=10), "there is no rate: the window of 10 ns is under 1 ms"),
        ("p99<1h", trial(TCP), "there is no p99: no latency was measured"),
        ("p99<1h", timed(5, 6, 7), "there is no p99: it takes 1,000 samples"),
        ("mean<1h", trial(TCP, state="unavailable", reason="no such thing", sent=0, delivered=0), "no such thing"),
    ],
)
def test_a_figure_that_is_withheld_meets_no_demand_and_says_why(text: str, made: Trial, reason: str) -> None:
    (found,) = missed(text, made)
    assert reason in found


@pytest.mark.parametrize("text", ["rate>1", "loss<1%", "cpu<1s"])
def test_m01_a_figure_beside_a_failed_trial_meets_no_demand(text: str) -> None:
    trials = [trial(TCP, 0), trial(TCP, 1), trial(TCP, 2, state="failed", reason="lost 3 messages")]
    assert missed(text, *trials[:2]) == []
    assert missed(text, *trials) == ["1 of 3 trials failed: lost 3 messages"]


def test_a_case_without_a_trial_meets_no_demand() -> None:
    assert missed("rate>1") == ["there is no rate: no trial was finished"]


def test_a_demand_of_one_transport_is_asked_of_no_other() -> None:
    slow = with_estimates(document((TCP, [trial(TCP)]), (LOSSY, [trial(LOSSY)])))
    found = unmet(slow, [read_assertion("unix-stream: rate>1G")])
    assert [each.case for each in found] == [LOSSY]
    check_assertions([read_assertion("unix-stream: rate>1G")], [TCP, LOSSY])
    with pytest.raises(UsageError, match="no case of 'unix-steam'; did you mean 'unix-stream'"):
        check_assertions([read_assertion("unix-steam: rate>1G")], [TCP, LOSSY])


@pytest.mark.parametrize(("text", "figure"), [("rate>1", "rate"), ("loss<50%", "loss"), ("p99<1s", "p99")])
def test_m01_what_nobody_counted_meets_no_demand(text: str, figure: str) -> None:
    assert missed(text, said_trial(TCP)) == [f"there is no {figure}: delivery was not proved: nothing was counted"]
    (told,) = missed("rate>1", trial(TCP), said_trial(TCP, 1))
    assert told == "of 1 of 2 trials delivery was not proved: nothing was counted"
