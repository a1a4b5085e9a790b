"""Ours beside other people's tools: what is asked of them, what is read from what they say, and when two agree."""

from __future__ import annotations

import pytest

from bench import agreement, peers
from bench.agreement import AgreementRow, agreement_verdict
from bench.bare import NotInstalled
from bench.judgement import Interval
from bench.ours import Ran, Trial
from bench.peers import Peer, iperf3, sched_pipe, sockperf_pingpong, sockperf_throughput
from bench.row import Setting
from bench.rows.agreement import ROWS
from bench.table import tables
from queuemark.model.errors import QueuemarkError
from queuemark.model.events import Result
from tests.examples import case, trial

SOCKPERF_PINGPONG = """sockperf: [Total Run] RunTime=1.001 sec; SentMessages=3668; ReceivedMessages=3667
sockperf: [Valid Duration] RunTime=0.551 sec; SentMessages=2037; ReceivedMessages=2036
"""
SOCKPERF_THROUGHPUT = "sockperf: Total of 207260 messages sent in 1.005 sec\n"


def row(rates: list[float], monkeypatch: pytest.MonkeyPatch) -> AgreementRow:
    """Ours gives 100 a second; the peer one rate after the other."""
    consumers = trial(case(), delivered=100).consumers
    ran = Ran(Result(contract=1, run_id="r", state="ok", delivered=100, window_ns=10**9, consumers=consumers), 0)
    monkeypatch.setattr(agreement, "run_trial", lambda command: ran)
    peer = Peer("sh", "dash", iter(rates).__next__, "their command")
    return AgreementRow("agreement/x", "messages/s", Trial("tcp"), lambda ran: ran.rate_per_s, peer)


@pytest.mark.parametrize(
    ("median", "pairs", "verdict"),
    [
        (1.0, 15, "met"),
        (0.9, 15, "met"),
        (1.09, 15, "met"),
        (0.89, 15, "missed"),
        (1.11, 15, "missed"),
        (1.0, 14, "too few pairs"),
    ],
)
def test_m28_two_agree_within_a_tenth(median: float, pairs: int, verdict: str) -> None:
    assert agreement_verdict(Interval(median, 0.5, 1.5), pairs) == verdict


def test_m28_pairs_are_interleaved_and_every_one_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = row([100.0, 80.0, *[100.0] * 13], monkeypatch).run(Setting())
    assert (outcome.verdict, outcome.median, outcome.worst) == ("met", 1.0, 1.25)
    assert [sample["first"] for sample in outcome.samples[:3]] == ["ours", "theirs", "ours"]
    assert len(outcome.samples) == 15
    assert outcome.commands[1] == "their command"
    assert "| agreement/x | 0.1    | 1.000  |" in tables([outcome])


def test_who_is_slower_by_more_than_a_tenth_does_not_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    assert row([80.0] * 15, monkeypatch).run(Setting()).verdict == "missed"


def test_what_sockperf_says() -> None:
    assert peers._round_trips_per_s(SOCKPERF_PINGPONG) == 2036 / 0.551
    assert peers._sent_per_s(SOCKPERF_THROUGHPUT) == 207260 / 1.005
    for read in (peers._round_trips_per_s, peers._sent_per_s):
        with pytest.raises(QueuemarkError, match="sockperf did not say"):
            read("sockperf: ERROR")


def test_a_tool_that_is_missing_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.peers.shutil.which", lambda name: None)
    monkeypatch.setattr("bench.peers.os.geteuid", lambda: 1000)
    for peer in (sockperf_pingpong("tcp", 64), sockperf_throughput("udp", 64), sched_pipe("same"), iperf3()):
        with pytest.raises(NotInstalled, match=f"apt-get install {peer.package}"):
            peer.require()


def test_a_tool_that_fails_says_what_it_said() -> None:
    with pytest.raises(QueuemarkError, match="ended with 3: so it is"):
        peers._said(["sh", "-c", "echo so it is >&2; exit 3"])


def test_a_server_that_ends_before_it_is_ready_is_not_waited_for() -> None:
    with (
        pytest.raises(QueuemarkError, match="ended before it was ready"),
        peers._serving(["sh", "-c", "echo busy"], "ready"),
    ):
        pass


def test_both_sides_write_as_much_at_a_time() -> None:
    framing = {"tcp": 4, "udp": 0, "pipe": 0}
    sizes = {row.name: row.ours.size_bytes + framing[row.ours.transport] for row in ROWS}
    assert {size for name, size in sizes.items() if "sockperf" in name} == {64}
    assert {size for name, size in sizes.items() if "perf-sched" in name} == {4}
    assert sizes["agreement/iperf3-tcp"] == peers.BLOCK_BYTES
    assert {row.ours.pattern for row in ROWS if "pingpong" in row.name or "pipe" in row.name} == {"pingpong"}
