"""What messages hold: the same at both ends, each message of its own, and what may be damaged shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from queuemark.model.mix import MIX_PERIOD, MixPart
from queuemark.runners.python.content import Ahead, Content, SmallContent, make_content, mixed_all
from queuemark.runners.python.numbering import Dealing, Phase, Stream, mixed

WINDOW = Stream.of(7, Dealing(), Phase.window)
MIX = (MixPart(size_bytes=8, share_percent=40), MixPart(size_bytes=61, share_percent=60))


def seeded(size_bytes: int) -> Content:
    return make_content(size_bytes, (), (), 7)


@given(st.integers(0, 2**64 - 1))
def test_one_value_is_mixed_as_many_are(value: int) -> None:
    assert int(mixed_all(np.array([value], dtype=np.uint64))[0]) == mixed(value)


@pytest.mark.parametrize("size_bytes", [1, 7, 8, 9, 16, 61, 64, 4096, 9000])
def test_messages_have_their_size_and_are_the_same_made_singly(size_bytes: int) -> None:
    content = seeded(size_bytes)
    made = content.run(WINDOW, 5, 9)
    assert [len(message) for message in made] == [size_bytes] * 9
    assert made == [content.run(WINDOW, 5 + place, 1)[0] for place in range(9)]
    assert content.bytes_of(made) == 9 * size_bytes


@given(
    st.sampled_from([3, 8, 61, 64]),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), min_size=1, max_size=20),
    st.sampled_from([1, 100, 1 << 20]),
)
def test_what_is_made_ahead_is_what_is_made_singly(size: int, taken: list[tuple[int, int]], streams: int) -> None:
    """Wherever one goes on in the stream, forth or back."""
    ahead, content = Ahead(seeded(size), WINDOW, streams), seeded(size)
    for first, count in [*taken, *((5 * turn, 5) for turn in range(9))]:
        assert ahead.run(first, count) == content.run(WINDOW, first, count)


@pytest.mark.parametrize("content", [make_content(61, MIX, (), 7), make_content(64, (), [b"a", b"", b"b\0"], 7)])
def test_messages_of_several_sizes_are_made_ahead(content: Content) -> None:
    ahead = Ahead(content, WINDOW)
    assert [message for turn in range(9) for message in ahead.run(5 * turn, 5)] == content.run(WINDOW, 0, 45)


class Counted(SmallContent):
    """How many messages were made at a time."""

    def __init__(self) -> None:
        super().__init__(7)
        self.counts: list[int] = []

    def made(self, stream: Stream, numbers: NDArray[np.uint64]) -> NDArray[Any]:
        self.counts.append(len(numbers))
        return super().made(stream, numbers)


@pytest.mark.parametrize(("streams", "counts"), [(1, [64, 64, 64]), (1 << 20, [16] * 12)])
def test_several_batches_are_made_at_a_time_where_there_is_room(streams: int, counts: list[int]) -> None:
    content = Counted()
    ahead = Ahead(content, WINDOW, streams)
    for turn in range(12):
        ahead.run(16 * turn, 16)
    assert content.counts == counts


def test_messages_are_those_of_the_native_runner() -> None:
    """The first of seed 1 in its window, as engine/content.hpp writes it."""
    stream = Stream.of(1, Dealing(), Phase.window)
    head = int.from_bytes(make_content(16, (), (), 1).run(stream, 3, 1)[0][:8], "little")
    mix = (3 * 0x9E3779B97F4A7C15 + stream.salt) % 2**64
    assert head == 3 | (mix >> 48 << 48)
    body = int.from_bytes(make_content(16, (), (), 1).run(stream, 3, 1)[0][8:], "little")
    assert body == mixed(1) ^ mix


def test_no_two_messages_are_alike() -> None:
    other = Stream.of(7, Dealing(), Phase.warmup)
    second = Stream.of(7, Dealing(1, 2, 10), Phase.window)
    for size_bytes in (8, 64):
        content = seeded(size_bytes)
        made = [message for stream in (WINDOW, other, second) for message in content.run(stream, 0, 500)]
        assert len(set(made)) == 1500


def test_two_stretches_of_a_long_message_differ() -> None:
    [message] = seeded(8 + 3 * 4096).run(WINDOW, 0, 1)
    turns = [message[8 + 4096 * turn : 8 + 4096 * (turn + 1)] for turn in range(3)]
    assert len(set(turns)) == 3


@pytest.mark.parametrize("size_bytes", [8, 13, 64])
def test_a_flip_anywhere_is_no_claim(size_bytes: int) -> None:
    content = seeded(size_bytes)
    [message] = content.run(WINDOW, 1234, 1)
    assert content.claim(message, WINDOW, 0) == 1234
    for bit in range(8 * size_bytes):
        damaged = bytearray(message)
        damaged[bit // 8] ^= 1 << bit % 8
        assert content.claim(bytes(damaged), WINDOW, 1234) is None
    assert content.claim(message[:7], WINDOW, 1234) is None


@given(st.integers(1, 7), st.integers(0, 2**40), st.integers(-100, 100))
def test_a_small_message_claims_the_number_nearest_to_the_expected_one(size: int, expected: int, ahead: int) -> None:
    number = max(0, expected + ahead)
    content = seeded(size)
    claim = content.claim(content.run(WINDOW, number, 1)[0], WINDOW, expected)
    assert claim is not None
    assert claim % 256**size == number % 256**size
    assert claim >= 0
    assert abs(claim - expected) <= max(256**size // 2, abs(number - expected))


def test_the_shares_of_a_mix_are_exact_from_any_message_on() -> None:
    content = make_content(61, MIX, (), 7)
    for first in (0, 17):
        sizes = [len(message) for message in content.run(WINDOW, first, MIX_PERIOD)]
        assert (sizes.count(8), sizes.count(61)) == (4000, 6000)
    assert sizes[:100] != sorted(sizes[:100])


def test_own_messages_are_looped_as_one_however_they_are_dealt() -> None:
    records = [b"a", b"bb", b"", b"dddd"]
    content = make_content(64, (), records, 7)
    assert content.largest_bytes == 12
    streams = [Stream.of(7, Dealing(stream, 2, 3), Phase.window) for stream in range(2)]
    dealt = [content.run(stream, 0, 6) for stream in streams]
    turns = [*dealt[0][:3], *dealt[1][:3], *dealt[0][3:], *dealt[1][3:]]
    assert [message[8:] for message in turns] == records * 3


@given(st.integers(0, 5), st.integers(1, 7), st.integers(0, 10_000))
def test_a_place_is_that_of_the_deal(stream: int, deal_items: int, number: int) -> None:
    dealing = Dealing(stream, 6, deal_items)
    among_all = dealing.place(number)
    assert among_all // deal_items % 6 == stream
    assert int(dealing.places(np.array([number], dtype=np.uint64))[0]) == among_all
