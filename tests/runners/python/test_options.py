"""The command line of a trial: what it means, and what is refused with the words that say why."""

from __future__ import annotations

import pytest

from queuemark.model.errors import UsageError
from queuemark.model.mix import MixPart
from queuemark.runners.python.options import read_options
from tests.runners.python.setups import CATALOGUE, read


def test_what_is_not_said_is_as_the_contract_has_it() -> None:
    options = read("os-pipe")
    assert (options.size_bytes, options.consumers, options.pattern, options.dispatch) == (64, 1, "share", "deal")
    assert (options.policy, options.ack, options.wait, options.placement) == ("each", "fence", "block", "spread")
    assert (options.items, options.duration_s, options.warmup_s, options.sample) == (None, 0.2, 0.01, 1)
    assert options.params == CATALOGUE.describe("os-pipe").defaults()


def test_every_run_without_a_name_has_one_of_its_own() -> None:
    assert read("queue").run_id != read("queue").run_id


def test_a_parameter_has_the_type_that_it_is_described_with() -> None:
    options = read("mp-queue", "-P", "depth=7", "-P", "payload=pickle:dict")
    assert options.params == {"depth": 7, "payload": "pickle:dict"}


def test_a_mix_is_ordered_and_says_the_size() -> None:
    options = read("queue", "--mix", "100:25,8:75")
    assert options.mix == (MixPart(size_bytes=8, share_percent=75), MixPart(size_bytes=100, share_percent=25))
    assert options.size_bytes == 100


@pytest.mark.parametrize(
    ("words", "streams", "copies", "competing"),
    [
        (("os-pipe", "--consumers", "3"), 3, 1, False),
        (("os-pipe", "--consumers", "3", "--pattern", "fanout"), 1, 3, False),
        (("queue", "--consumers", "3"), 1, 1, True),
        (("queue", "--consumers", "1"), 1, 1, False),
    ],
)
def test_numberings_follow_from_dispatch_and_pattern(
    words: tuple[str, ...], streams: int, copies: int, competing: bool
) -> None:
    options = read(*words)
    assert (options.streams, options.copies, options.competing) == (streams, copies, competing)
    assert [options.stream_of(index) for index in range(options.consumers)] == [
        index if streams > 1 else 0 for index in range(options.consumers)
    ]


def test_a_policy_has_one_value() -> None:
    assert (read("faster-fifo", "--policy", "vector:9").vector_items, read("queue").vector_items) == (9, 0)
    assert (read("os-pipe", "--policy", "buffer:900").buffer_bytes, read("queue").buffer_bytes) == (900, 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--size", "1k"), "--size takes a whole number from 1 to"),
        (("--size", "\N{SUPERSCRIPT TWO}"), "--size takes a whole number"),
        (("--duration", "nan"), "--duration takes seconds"),
        (("--rate", "0"), "--rate takes messages a second"),
        (("--items", "5", "--duration", "1"), "exclude each other"),
        (("--policy", "each:3"), "--policy takes each, split, buffer:BYTES or vector:N"),
        (("--policy", "buffer"), "--policy takes each"),
        (("--policy", "buffer:0"), "--policy buffer takes a whole number from 1"),
        (("--policy", "vector:4"), "os-pipe cannot do policy vector; it offers each, buffer"),
        (("--pattern", "pingpong"), "os-pipe cannot do pattern pingpong; it offers share, fanout"),
        (("--dispatch", "compete"), "os-pipe cannot do dispatch compete"),
        (("--wait", "spin"), "os-pipe cannot do wait spin"),
        (("--ack", "each"), "os-pipe cannot do ack each"),
        (("--in-flight", "2"), "--in-flight goes with --pattern pingpong"),
        (("--linger-us", "5"), "--linger-us goes with --policy buffer"),
        (("--verify", "sample"), "--verify takes full or sample:K"),
        (("--verify", "full:2"), "--verify takes full or sample:K"),
        (("--mix", "8:50,64:49"), "--mix"),
        (("--mix", "8:50;64:50"), "--mix takes BYTES:PERCENT"),
        (("--size", "64", "--mix", "8:50,65:50"), "--size 64 is not the largest size of --mix, 65"),
        (("--messages", "x", "--mix", "8:50,65:50"), "--mix and --messages exclude each other"),
        (("-P", "depth=1"), "has no parameter 'depth'"),
        (("-P", "=1"), "-P takes NAME=VALUE"),
        (("-P", "read_buffer_bytes=-1"), "parameter read_buffer_bytes takes a whole number from 0"),
        (("--consumer-address", "127.0.0.1"), "os-pipe stays on one host"),
        (("--role", "producer"), "--role takes one of all"),
        (("--seed",), "--seed needs a value"),
        (("size", "4"), "unknown option 'size'"),
    ],
)
def test_what_is_refused_is_named(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        read("os-pipe", *words)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_call_does_not_take_more_bytes_than_may_be() -> None:
    with pytest.raises(UsageError, match="has more than 67108864 bytes in a call"):
        read("faster-fifo", "--policy", "vector:1000", "--size", "100000")


def test_an_order_that_nobody_sees_is_not_broken() -> None:
    with pytest.raises(UsageError, match="nobody can see the order"):
        read("queue", "--consumers", "2", "--inject", "reorder")
    assert read("queue", "--inject", "reorder").fault == "reorder"


def test_a_trial_is_of_a_transport() -> None:
    with pytest.raises(UsageError, match="needs the name of a transport"):
        read_options((), {})
    with pytest.raises(UsageError, match="unknown transport 'nothing'; known: queue"):
        read_options(("nothing",), {"queue": CATALOGUE.describe("queue")})
