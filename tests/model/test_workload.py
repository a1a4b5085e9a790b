"""Policies, verification and the workload's own rules."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.model.errors import UsageError
from queuemark.model.workload import (
    ACK_WINDOW_HIGH,
    BUFFER_HIGH_BYTES,
    VECTOR_HIGH,
    Workload,
    ack_name,
    policy_name,
    policy_value,
    read_ack,
    read_policy,
    read_verify,
)


def test_a_policy_has_one_spelling() -> None:
    assert read_policy(" each ") == "each"
    assert read_policy("buffer") == read_policy("buffer:16k") == read_policy("buffer:16KiB") == "buffer:16384"
    assert read_policy("vector") == read_policy("vector:64") == read_policy(" vector:064") == "vector:64"


@given(st.integers(1, BUFFER_HIGH_BYTES))
def test_reading_a_policy_again_changes_nothing(size_bytes: int) -> None:
    policy = read_policy(f"buffer:{size_bytes}")
    assert read_policy(policy) == policy
    assert (policy_name(policy), policy_value(policy)) == ("buffer", size_bytes)


@given(st.integers(1, VECTOR_HIGH))
def test_a_vector_holds_one_message_to_as_many_as_one_call_takes(messages: int) -> None:
    policy = read_policy(f"vector:{messages}")
    assert (policy_name(policy), policy_value(policy), policy_value("each")) == ("vector", messages, 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("buffr:1k", "did you mean 'buffer'"),
        ("each:5", "takes no value"),
        ("buffer:", "not a number"),
        ("buffer:0", "at least 1"),
        ("buffer:1G", "at most"),
        ("vectro", "did you mean 'vector'"),
        ("vector:", "one call takes 1 to 1024 messages; write for example vector:64"),
        ("vector:0", "one call takes 1 to 1024 messages"),
        ("vector:1025", "one call takes 1 to 1024 messages"),
        ("vector:-1", "one call takes 1 to 1024 messages"),
        ("vector:1k", "one call takes 1 to 1024 messages"),
    ],
)
def test_a_wrong_policy_is_told_what_is_right(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_policy(text)


def test_verification_has_one_spelling() -> None:
    assert read_verify("full") == "full"
    assert read_verify("sample:1k") == "sample:1000"


@pytest.mark.parametrize("text", ["none", "full:1", "sample", "sample:0"])
def test_a_wrong_verification_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="verify"):
        read_verify(text)


def test_a_fan_out_makes_a_copy_for_each_consumer() -> None:
    shared = Workload(size_bytes=64, consumers=4, dispatch="deal", items=1)
    fanned = msgspec.structs.replace(shared, pattern="fanout")
    assert (shared.copies, fanned.copies) == (1, 4)


def test_only_requests_are_in_flight() -> None:
    asking = Workload(size_bytes=64, consumers=4, dispatch="deal", items=1, pattern="pingpong", in_flight=8)
    assert (asking.copies, asking.in_flight) == (1, 8)
    with pytest.raises(ValueError, match="in_flight 8 is of the pattern pingpong alone"):
        msgspec.structs.replace(asking, pattern="share")


@pytest.mark.parametrize("amount", [{}, {"items": 5, "duration_s": 1.0}])
def test_a_workload_has_either_items_or_a_duration(amount: dict[str, float]) -> None:
    text = msgspec.json.encode({"size_bytes": 64, "consumers": 1, "dispatch": "deal", **amount})
    with pytest.raises(msgspec.ValidationError, match="either items or duration_s"):
        msgspec.json.decode(text, type=Workload)


@pytest.mark.parametrize("policy", ["each", "buffer:16384", "uring:8", "later-one:1"])
def test_a_policy_that_this_version_does_not_know_is_read(policy: str) -> None:
    told = {"size_bytes": 64, "consumers": 1, "dispatch": "deal", "items": 1, "policy": policy}
    assert msgspec.convert(told, Workload).policy == policy


@pytest.mark.parametrize("policy", ["", "buffer:", "buffer:many", "a:b:c", "Each", "each\n", "buffer:16k", "buffer:-1"])
def test_a_policy_that_is_none_is_not_read(policy: str) -> None:
    told = {"size_bytes": 64, "consumers": 1, "dispatch": "deal", "items": 1, "policy": policy}
    with pytest.raises(msgspec.ValidationError, match="policy"):
        msgspec.convert(told, Workload)


def test_an_ack_has_one_spelling() -> None:
    assert [read_ack(text) for text in (" fence ", "none", "each")] == ["fence", "none", "each"]
    assert read_ack("window") == read_ack("window:64") == read_ack(" window:064") == "window:64"
    assert read_ack("window:1") == "each", "one message that waits is all of them, one after the other"
    assert (ack_name("window:64"), ack_name("fence")) == ("window", "fence")


@given(st.integers(2, ACK_WINDOW_HIGH))
def test_reading_an_ack_again_changes_nothing(messages: int) -> None:
    assert read_ack(read_ack(f"window:{messages}")) == f"window:{messages}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fense", "did you mean 'fence'"),
        ("each:5", "takes no value"),
        ("window:", "not a number"),
        ("window:0", "at least 1"),
        ("window:65537", "at most 65536"),
    ],
)
def test_a_wrong_ack_is_told_what_is_right(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_ack(text)


@pytest.mark.parametrize(
    ("consumers", "pattern", "copies"),
    [(0, "share", 0), (0, "fanout", 0), (1, "share", 1), (4, "share", 1), (4, "fanout", 4)],
)
def test_a_message_is_for_so_many(consumers: int, pattern: str, copies: int) -> None:
    load = Workload(size_bytes=64, consumers=consumers, pattern=pattern, dispatch="deal", items=1)
    assert load.copies == copies
