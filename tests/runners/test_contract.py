"""Arguments in, events out: what the caller writes and what it believes."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.model.events import Event, Ready, Tick
from queuemark.model.link import parse_link
from queuemark.model.mix import parse_sizes
from queuemark.model.plan import Case
from queuemark.model.workload import MessagesSource, Workload
from queuemark.runners.contract import Ends, EventReader, TrialRequest, deadline_for_s, plain, trial_arguments

RUN_ID = "run-1"
READY = {"event": "ready", "contract": 1, "run_id": RUN_ID, "producer_pid": 7, "consumer_pids": [8], "granted": {}}
TICK = {"event": "tick", "elapsed_ns": 1, "sent": 2, "delivered": 1}
RESULT = {"event": "result", "contract": 1, "run_id": RUN_ID, "state": "ok"}


def case(**changed: Any) -> Case:
    load: dict[str, Any] = {"size_bytes": 64, "consumers": 4, "dispatch": "deal", "duration_s": 0.2, **changed}
    return Case(transport="tcp", runtime="native", params={"nodelay": 0, "kind": "a"}, workload=Workload(**load))


def arguments(request: TrialRequest) -> dict[str, str]:
    words = trial_arguments(request)
    assert words[:2] == ["trial", "tcp"]
    pairs = list(zip(words[2::2], words[3::2], strict=True))
    return {name if name != "-P" else f"-P {value.partition('=')[0]}": value for name, value in pairs}


def feed(*events: dict[str, Any]) -> EventReader:
    reader = EventReader(RUN_ID)
    for event in events:
        reader.feed(json.dumps(event).encode() + b"\n")
    reader.end()
    return reader


def test_every_axis_becomes_an_argument() -> None:
    found = arguments(TrialRequest(case=case(policy="buffer:16384", linger_us=50), run_id="r", seed=9, parent_pid=1))
    assert found["--size"] == "64"
    assert found["--consumers"] == "4"
    assert found["--policy"] == "buffer:16384"
    assert found["--linger-us"] == "50"
    assert found["--duration"] == "0.2"
    assert found["--seed"] == "9"
    assert found["--parent"] == "1"
    assert found["-P nodelay"] == "nodelay=0"
    assert found["-P kind"] == "kind=a"
    assert {"--dispatch", "--pattern", "--ack", "--wait", "--placement", "--verify", "--warmup"} <= set(found)


def test_a_broker_is_named_where_there_is_one() -> None:
    request = TrialRequest(case=case(), run_id="r", seed=1)
    assert "--server" not in arguments(request)
    named = msgspec.structs.replace(request, server="nats://me:s3cr3t@127.0.0.1:4222")
    assert arguments(named)["--server"] == "nats://me:s3cr3t@127.0.0.1:4222"


def test_ends_are_told_where_they_are_not_on_the_loopback() -> None:
    ends = Ends(producer_address="192.0.2.1", consumer_address="192.0.2.2", consumer_netns="/proc/self/fd/9")
    found = arguments(TrialRequest(case=case(), run_id="r", seed=9, ends=ends))
    told = {name: found[f"--{name}"] for name in ("producer-address", "consumer-address", "consumer-netns")}
    assert list(told.values()) == ["192.0.2.1", "192.0.2.2", "/proc/self/fd/9"]
    assert not {f"--{name}" for name in told} & set(arguments(TrialRequest(case=case(), run_id="r", seed=9)))


def test_a_trial_by_count_over_a_slow_link_gets_the_time_that_it_takes() -> None:
    slow = case(duration_s=None, items=1_000_000, size_bytes=1460, link=parse_link("1M"))
    least_s = 1_000_000 * 1538 / 125_000
    assert deadline_for_s(slow) > 2 * least_s


def test_a_mix_is_told_in_plain_numbers() -> None:
    mix = parse_sizes("64:70.25%,1k:29.7%,16k:0.05%")[0]
    found = arguments(TrialRequest(case=case(size_bytes=16384, mix=mix), run_id="r", seed=9))
    assert found["--mix"] == "64:70.25,1024:29.7,16384:0.05"
    assert found["--size"] == "16384"
    assert "--mix" not in arguments(TrialRequest(case=case(), run_id="r", seed=9))


def test_a_rate_is_told_in_plain_numbers() -> None:
    found = arguments(TrialRequest(case=case(rate_per_s=1e6, stamp_every=8), run_id="r", seed=9))
    assert float(found["--rate"]) == 1e6
    assert "e" not in found["--rate"]
    assert found["--stamp-every"] == "8"


def test_only_requests_are_told_to_be_in_flight() -> None:
    asking = case(pattern="pingpong", in_flight=8)
    assert arguments(TrialRequest(case=asking, run_id="r", seed=9))["--in-flight"] == "8"
    assert "--in-flight" not in arguments(TrialRequest(case=case(), run_id="r", seed=9))


def test_a_deadline_grants_what_is_offered_its_time() -> None:
    slow = case(items=1000, duration_s=None, rate_per_s=0.5)
    assert deadline_for_s(slow) > 2000


def test_items_and_duration_exclude_each_other() -> None:
    found = arguments(TrialRequest(case=case(items=10, duration_s=None), run_id="r", seed=9))
    assert found["--items"] == "10"
    assert "--duration" not in found


def test_what_was_not_asked_for_is_not_said() -> None:
    found = arguments(TrialRequest(case=case(), run_id="r", seed=9, messages_path="/there/x"))
    assert not {"--inject", "--messages", "--messages-format", "--parent", "--items"} & set(found)


def test_own_messages_are_named_by_their_path() -> None:
    source = MessagesSource(name="x", format="u32", sha256="0" * 64, count=1, total_bytes=1, largest_bytes=9)
    found = arguments(TrialRequest(case=case(messages=source), run_id="r", seed=9, messages_path="/there/x"))
    assert (found["--messages"], found["--messages-format"]) == ("/there/x", "u32")


@given(st.floats(min_value=1e-9, max_value=1e6))
def test_numbers_are_plain_and_exact(value: float) -> None:
    assert "e" not in plain(value).lower()
    assert float(plain(value)) == value


def test_a_deadline_leaves_room_for_the_duration_and_for_many_items() -> None:
    assert deadline_for_s(case(duration_s=30.0)) > 30.0
    assert deadline_for_s(case(duration_s=None, items=10**7)) == 10_000


def test_a_whole_trial_is_read() -> None:
    seen: list[Event] = []
    reader = EventReader(RUN_ID, seen.append)
    text = b"".join(json.dumps(event).encode() + b"\n" for event in (READY, TICK, RESULT))
    for at in range(len(text)):
        reader.feed(text[at : at + 1])
    reader.end()
    assert reader.breach is None
    assert reader.result is not None
    assert [type(event) for event in seen[:2]] == [Ready, Tick]


@pytest.mark.parametrize(
    ("events", "named"),
    [
        ([TICK], "tick before ready"),
        ([READY, READY], "ready twice"),
        ([RESULT], "ok result without ready"),
        ([READY, RESULT, RESULT], "more after its result"),
        ([READY, RESULT, TICK], "more after its result"),
        ([{**READY, "run_id": "other"}], "answered for run 'other'"),
        ([READY, {**RESULT, "run_id": "other"}], "answered for run 'other'"),
        ([{**READY, "contract": 2}], "speaks runner contract 2"),
        ([READY, {**RESULT, "contract": "1"}], "speaks runner contract '1'"),
        ([{"event": "hello"}], "no event of the contract"),
        ([{**TICK, "sent": "many"}], "no event of the contract"),
        ([{**READY, "extra": 1}], "no event of the contract"),
    ],
)
def test_a_breach_is_named(events: list[dict[str, Any]], named: str) -> None:
    breach = feed(*events).breach
    assert breach is not None
    assert named in breach


def test_the_first_breach_stays() -> None:
    reader = EventReader(RUN_ID)
    reader.feed(b"garbage\n")
    reader.feed(json.dumps(READY).encode() + b"\n")
    assert reader.ready is None
    assert reader.breach is not None
    assert "not JSON: 'garbage'" in reader.breach


def test_a_line_without_end_is_cut_off() -> None:
    reader = EventReader(RUN_ID)
    for _ in range(100):
        reader.feed(b"x" * 65536)
    assert reader.breach is not None
    assert "a line of more than" in reader.breach


def test_half_a_line_is_a_breach() -> None:
    reader = EventReader(RUN_ID)
    reader.feed(b'{"event": "rea')
    reader.end()
    assert reader.breach is not None
    assert "middle of a line" in reader.breach


def test_a_failed_result_needs_no_ready() -> None:
    reader = feed({**RESULT, "state": "failed", "reason": "bind: Address already in use"})
    assert reader.breach is None
    assert reader.result is not None


@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    reader = EventReader(RUN_ID)
    reader.feed(data)
    reader.end()
    assert reader.result is None
