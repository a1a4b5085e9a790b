"""What cannot be is found, each kind by itself; what can be is left alone, however odd."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.plausibility import faults
from queuemark.model.latency import Latency
from queuemark.model.original import session_of
from queuemark.model.original_xml import read_original
from queuemark.model.plan import Case
from queuemark.model.session import Limit, decode_session, encode_session
from queuemark.model.trial import Trial
from tests.examples import case, document, said_trial, transports, trial
from tests.histograms import histogram
from tests.originals import original_file, run_line

TCP = case("tcp")
FACTS = {name: transport.facts for name, transport in transports().items()}


def found(*trials: Trial, of: Case = TCP, **changed: Any) -> list[str]:
    """As a record asks: of a document that came from outside."""
    sent = encode_session(document((of, list(trials)), **changed))
    return faults(with_estimates(decode_session(sent)))


def at(second: float) -> str:
    return (datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(seconds=second)).isoformat()


def consumers(**changed: Any) -> list[Any]:
    return [msgspec.structs.replace(consumer, **changed) for consumer in trial(TCP).consumers]


@pytest.mark.parametrize(
    "fine",
    [
        [trial(TCP, repeat) for repeat in range(3)],
        [trial(TCP, state="failed", reason="1 message was lost", delivered=119_999)],
        [trial(TCP, window_ns=400_000_000)],
        [Trial(state="unavailable", reason="not here")],
        [Trial(state="failed", reason="killed", outside_ns=10**12)],
        [said_trial(case("tcp", items=1_000_000))],
        [],
    ],
)
def test_what_can_be_is_left_alone(fine: list[Trial]) -> None:
    assert found(*fine) == []


def test_messages_for_nobody_are_accepted_only_where_something_keeps_them() -> None:
    of = case("pipe", consumers=0)
    keeps = msgspec.structs.replace(FACTS["pipe"], consumers_low=0)
    assert found(trial(of), of=of, facts={"pipe": keeps}) == []
    (said,) = found(trial(of), of=of, facts={"pipe": FACTS["pipe"]})
    assert said.startswith("a mechanism that keeps nothing for nobody: case 1")


def test_loss_is_no_fault_where_it_is_allowed() -> None:
    lossy = msgspec.structs.replace(FACTS["tcp"], lossless=False)
    assert found(trial(TCP, lost=100), facts={"tcp": lossy}) == []
    assert found(trial(TCP, lost=100)) == []
    (told,) = found(trial(TCP, lost=100), facts=FACTS)
    assert told.endswith("case 1, repeat 0: a lossless transport calls this ok: 100 lost")


def test_m01_what_may_come_again_is_no_broken_promise() -> None:
    """Of a broker that is given a message once, and delivers it until it is acknowledged."""
    once = trial(TCP)
    repeated = [
        msgspec.structs.replace(
            consumer,
            duplicated=consumer.delivered,
            reordered=1,
            checked=2 * consumer.checked,
            bytes_received=2 * consumer.bytes_received,
        )
        for consumer in once.consumers
    ]
    sums = {name: 2 * getattr(once, name) for name in ("checked", "message_bytes")}
    again = trial(TCP, consumers=repeated, duplicated=once.delivered, reordered=len(repeated), **sums)
    redelivers = msgspec.structs.replace(FACTS["tcp"], redelivers=True)
    assert found(again, facts={"tcp": redelivers}) == []
    (told,) = found(again, facts=FACTS)
    assert f"a lossless transport calls this ok: {once.delivered} duplicated, {len(repeated)} reordered" in told
    (lost,) = found(trial(TCP, lost=100), facts={"tcp": redelivers})
    assert lost.endswith("a lossless transport calls this ok: 100 lost")


@pytest.mark.parametrize(
    ("changed", "kind", "detail"),
    [
        ({"delivered": 120_000, "sent": 120_001}, "counts that contradict each other", "sent 120001 is not delivered"),
        ({"consumers": []}, "counts that contradict each other", "its consumers' sum is 0"),
        (
            {"checked": 119_999, "consumers": consumers(checked=119_999)},
            "counts that are not those",
            "was to be checked",
        ),
        ({"message_bytes": 7}, "counts that are not those of the workload", "should be 7680000"),
        ({"bytes_on_wire": 100}, "counts that are not those of the workload", "cannot hold"),
        ({"producer": None}, "counts that are not those of the workload", "nothing of its producer"),
        (
            {"window_ns": 190_000_000},
            "counts that are not those of the workload",
            "a consumer's window of 200000000 ns",
        ),
        (
            {"window_ns": 100_000_000, "send_window_ns": 0, "consumers": consumers(window_ns=99_000_000)},
            "counts that are not those of the workload",
            "0.2 s were asked for",
        ),
        ({"send_window_ns": 10**9}, "sending that is longer than its trial", "1000000000 of 214000000 ns"),
        ({"cpu_ns": 10**9}, "more cpu time than there was", "1000000000 ns on 2 cpus in 214000000 ns"),
        (
            {"latency": Latency(kind="one-way", every=1, histogram=histogram([10**9]))},
            "a message that took longer than its trial",
            "of 214000000 ns",
        ),
        ({"started_at": "2026-03-01T11:00:00Z"}, "trials from before their session", "3600 s before it"),
        ({"started_at": "yesterday"}, "times that are none", "ISO 8601"),
        ({"outside_ns": 100 * 10**9, "started_at": at(0)}, None, None),
    ],
)
def test_each_fault_is_found_and_told_by_itself(changed: dict[str, Any], kind: str | None, detail: str | None) -> None:
    told = found(trial(TCP, **changed))
    if kind is None or detail is None:
        assert told == []
        return
    (line,) = told
    assert line.startswith(kind)
    assert detail in line


def test_the_sum_of_all_trials_fits_into_the_time_that_went_by() -> None:
    long = {"window_ns": 100 * 10**9, "consumers": consumers(window_ns=10**9)}
    apart = [trial(TCP, repeat, started_at=at(110 * repeat), **long) for repeat in range(3)]
    assert found(*apart) == []
    at_once = [trial(TCP, repeat, started_at=at(repeat), **long) for repeat in range(3)]
    assert found(*at_once) == ["more time than went by: the trials took 300 s within 102 s"]


def test_no_cpu_moves_a_message_in_no_time() -> None:
    of = case("tcp", items=1_000_000)
    assert found(said_trial(of, window_ns=20_000_000), of=of) == []
    (told,) = found(said_trial(of, window_ns=2_000_000), of=of)
    assert told == "faster than any cpu: case 1, repeat 0: 5e+08 messages/s"
    (told,) = found(trial(TCP, delivered=10**10))
    assert told == "faster than any cpu: case 1, repeat 0: 5e+10 messages/s"


@pytest.mark.parametrize(("share", "count"), [(1.2, 0), (3.0, 0), (11.0, 1)])
def test_a_rate_is_disputed_far_above_its_limit_alone(share: float, count: int) -> None:
    made = with_estimates(document((TCP, [trial(TCP)])))
    made.cases[0].limit = Limit(rate_per_s=1e5, share=share, bound_by="producer: 1 call a message", beyond=True)
    assert len(faults(made)) == count


def test_each_kind_is_told_once_with_the_first_place() -> None:
    odd = [trial(TCP, repeat, message_bytes=7) for repeat in range(3)]
    (told,) = found(*odd)
    assert "case 1, repeat 0: " in told
    assert told.endswith("should be 7680000 (and 2 more)")


def test_a_machine_that_names_no_cpus_is_not_held_to_them() -> None:
    unknown = with_estimates(document((TCP, [trial(TCP, cpu_ns=10**12)])))
    machine = msgspec.structs.replace(unknown.session.machine, cpus=[])
    unknown.session.machine = machine
    assert faults(unknown) == []


def test_what_the_original_sent_is_held_against_any_cpu_alone() -> None:
    results = read_original(original_file())
    assert faults(with_estimates(session_of(results, results.batches[0], at(0)))) == []
    results = read_original(original_file([run_line("TCP Socket", seconds="0.000001")]))
    assert faults(with_estimates(session_of(results, results.batches[0], at(0)))) == []


def test_the_golden_session_can_be() -> None:
    golden = Path(__file__).parents[1] / "golden" / "session.json"
    assert faults(with_estimates(decode_session(golden.read_bytes()))) == []


def test_numbers_without_measure_are_looked_at_like_any_other() -> None:
    of = case("tcp", consumers=2**63 - 1)
    (told,) = found(msgspec.structs.replace(trial(TCP), oversubscribed=True), of=of)
    assert told.endswith("9223372036854775807 consumers were asked for, the result names [0]")
