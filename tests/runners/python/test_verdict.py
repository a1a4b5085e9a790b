"""What follows from what roles report: nothing that one of them says of itself is believed alone."""

from __future__ import annotations

from typing import Any

import pytest

from queuemark.model.events import Result
from queuemark.model.latency import Histogram
from queuemark.runners.python.found import Received, Sent, Tally, Used
from queuemark.runners.python.numbering import Phase
from queuemark.runners.python.setup import Setup
from queuemark.runners.python.verdict import Outcome, judge
from tests.runners.python.setups import setup

OPENED_NS = 1_000
USED = Used(cpu_ns=50, switches_voluntary=2, switches_involuntary=1, peak_memory_bytes=100)


def sent(messages: int, **changed: Any) -> Sent:
    usual = {"before_window": 1, "calls": messages, "bytes": 68 * messages, "last_ns": 5_000, "used": USED}
    return Sent(**{**usual, "messages": messages, "pacing": None, **changed})


def received(messages: int, last_ns: int = 6_000, tally: dict[str, int] | None = None, **changed: Any) -> Received:
    found = Tally(messages=messages, message_bytes=64 * messages, checked=messages, **(tally or {}))
    usual: dict[str, Any] = {"before_window": 1, "clean_before": True, "early": False, "calls": messages + 1}
    timed = {"last_ns": last_ns, "used": USED, "missed": 0, "latency": Histogram(), "raw": Histogram()}
    return Received(**{**usual, **timed, "tally": found, **changed})


def judged(trial: Setup, producer: Sent, *consumers: Received, dealt: list[int] | None = None) -> Result:
    trial.shared.open_window(OPENED_NS)
    for stream, messages in enumerate(dealt or [producer.messages]):
        trial.shared.deal(stream, messages)
    found: dict[int, Sent | Received] = {0: producer, **dict(enumerate(consumers, 1))}
    return judge(trial, Outcome(granted={}, found=found, began_ns=0, ended_ns=10_000))


def pipes(*words: str) -> Setup:
    return setup("os-pipe", *words)


def test_what_was_dealt_arrived() -> None:
    result = judged(pipes("--items", "10"), sent(10), received(10))
    assert (result.state, result.reason) == ("ok", None)
    assert (result.sent, result.delivered, result.lost) == (10, 10, 0)
    assert (result.window_ns, result.send_window_ns, result.outside_ns) == (5_000, 4_000, 5_000)
    assert (result.calls, result.cpu_ns, result.switches_voluntary, result.peak_memory_bytes) == (21, 100, 4, 200)
    assert (result.bytes_on_wire, result.message_bytes) == (680, 640)
    assert result.consumers[0].bytes_received == 640 + 10 * 4


def test_the_slowest_consumer_closes_the_window() -> None:
    trial = pipes("--items", "10", "--consumers", "2")
    pair = (received(5, before_window=1, last_ns=7_000), received(5, before_window=0, last_ns=9_000))
    result = judged(trial, sent(10), *pair, dealt=[5, 5])
    assert (result.state, result.window_ns) == ("ok", 8_000)
    assert [consumer.window_ns for consumer in result.consumers] == [6_000, 8_000]


@pytest.mark.parametrize(
    ("consumer", "said"),
    [
        (received(9, tally={"lost": 1}), "1 lost of 10 messages"),
        (received(11, tally={"duplicated": 1}), "1 duplicated of 10 messages"),
        (received(10, tally={"reordered": 2}), "2 reordered of 10 messages"),
        (received(10, tally={"corrupted": 3}), "3 corrupted of 10 messages"),
        (received(9), "consumer 0: dealt 10, but delivered 9 and lost 0; sent 10, but delivered 9 and lost 0"),
        (received(10, early=True), "consumer 0 was told the end before the producer made it"),
        (received(10, clean_before=False), "consumer 0 found faults during the warm-up"),
        (received(10, before_window=0), "warm-up: 1 were to arrive, but 0 arrived"),
    ],
)
def test_m01_whatever_does_not_agree_is_said(consumer: Received, said: str) -> None:
    result = judged(pipes("--items", "10"), sent(10), consumer)
    assert (result.state, result.reason) == ("failed", f"delivery not proved: {said}")


def test_m01_fewer_messages_than_were_asked_for_are_said() -> None:
    result = judged(pipes("--items", "11"), sent(10), received(10))
    assert result.reason == "delivery not proved: asked for 11 messages, sent 10"


def test_m01_two_errors_do_not_make_up_for_each_other() -> None:
    """In sum all is there; each consumer has what is another one's."""
    trial = pipes("--items", "10", "--consumers", "2")
    result = judged(trial, sent(10), received(6), received(4, before_window=0), dealt=[5, 5])
    assert result.delivered == 10
    assert "consumer 0: dealt 5, but delivered 6" in (result.reason or "")
    assert "consumer 1: dealt 5, but delivered 4" in (result.reason or "")


def test_a_fault_that_was_not_made_proves_nothing() -> None:
    result = judged(pipes("--items", "10", "--inject", "drop"), sent(10), received(10))
    assert (result.injected, result.reason) == (None, "delivery not proved: the fault drop could not be made")


def test_a_flip_that_nobody_saw_is_not_taken_for_a_loss() -> None:
    trial = pipes("--items", "10", "--inject", "flip")
    trial.shared.own_to_fault(0, 3)
    result = judged(trial, sent(10), received(9, tally={"lost": 1}))
    assert result.injected is not None
    assert (result.injected.fault, result.injected.message) == ("flip", 3)
    assert "the flipped message was lost" in (result.reason or "")


def test_a_fan_out_is_owed_to_every_consumer() -> None:
    trial = pipes("--items", "10", "--consumers", "2", "--pattern", "fanout")
    assert judged(trial, sent(10), received(10), received(10)).state == "ok"
    result = judged(trial, sent(10), received(10), received(9, tally={"lost": 1}))
    assert result.reason == "delivery not proved: 1 lost of 10 messages to each consumer"


def competing(*seen: set[int], messages: int = 6) -> Result:
    """What consumers say of numbers that they have marked; the highest that may be marked is far above."""
    trial = setup("queue", "--items", str(messages), "--consumers", str(len(seen)))
    for memory, numbers in zip(trial.marks, seen, strict=True):
        for number in numbers:
            memory.bytes[number] = 1
    found = [
        received(len(numbers), tally={"above": max(numbers) + 1}, before_window=int(not index))
        for index, numbers in enumerate(seen)
    ]
    return judged(trial, sent(messages), *found)


def test_m01_competing_consumers_are_laid_over_each_other() -> None:
    assert competing({0, 2, 4}, {1, 3, 5}).state == "ok"
    assert competing({0, 2, 4}, {1, 3}).reason == "delivery not proved: 1 lost of 6 messages"
    twice = competing({0, 2, 4}, {1, 3, 4, 5})
    assert twice.reason == "delivery not proved: 1 duplicated of 6 messages"
    assert [consumer.duplicated for consumer in twice.consumers] == [0, 1]
    beyond = competing({0, 2, 4}, {1, 3, 5, 9})
    assert "1 messages have a number that nobody sent" in (beyond.reason or "")


def test_what_was_cut_off_counts_what_had_moved() -> None:
    trial = pipes("--consumers", "2")
    for worker, messages in ((0, 9), (1, 4), (2, 3)):
        trial.shared.publish(worker, messages, Phase.window)
    result = judge(trial, Outcome(granted={}, failure="consumer 1 was killed"))
    assert (result.state, result.reason) == ("failed", "consumer 1 was killed")
    assert (result.sent, result.delivered, result.lost) == (9, 7, 2)


def test_what_is_delivered_was_sent_also_when_the_producer_has_not_yet_said_so() -> None:
    trial = pipes("--consumers", "2")
    for worker, messages in ((0, 5), (1, 4), (2, 3)):
        trial.shared.publish(worker, messages, Phase.window)
    result = judge(trial, Outcome(granted={}, failure="interrupted"))
    assert (result.sent, result.delivered, result.lost) == (7, 7, 0)


def test_progress_ends_with_the_window() -> None:
    trial = pipes("--items", "10")
    trial.shared.open_window(OPENED_NS)
    trial.shared.deal(0, 10)
    outcome = Outcome(granted={}, found={0: sent(10), 1: received(10)}, progress=[(10, 1), (5_000, 9), (5_001, 10)])
    assert judge(trial, outcome).progress == [(10, 1), (5_000, 9)]
