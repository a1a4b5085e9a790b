"""Which message a fault is made with: one that is sure to be sent, drawn from the seed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.model.errors import UsageError
from queuemark.model.workload import FAULTS
from queuemark.runners.python.fault import dealt_items, draw_fault
from tests.runners.python.setups import read


@given(st.integers(0, 500), st.integers(1, 6), st.integers(1, 50))
def test_every_item_is_dealt_to_one_stream(items: int, streams: int, deal_items: int) -> None:
    turns = [number // deal_items % streams for number in range(items)]
    assert [dealt_items(items, stream, streams, deal_items) for stream in range(streams)] == [
        turns.count(stream) for stream in range(streams)
    ]


@pytest.mark.parametrize("words", [("os-pipe",), ("queue",), ("os-pipe", "--pattern", "fanout")])
@given(fault=st.sampled_from(FAULTS), seed=st.integers(0, 2**63 - 1), items=st.integers(2, 60))
def test_a_fault_is_made_with_a_message_that_comes(words: tuple[str, ...], fault: str, seed: int, items: int) -> None:
    options = read(*words, "--items", str(items), "--inject", fault, "--seed", str(seed))
    drawn = draw_fault(options, 1000)
    assert drawn is not None
    assert 0 <= drawn.message <= items - drawn.messages
    assert (drawn.stream is None) != (drawn.consumer is None)
    assert draw_fault(options, 1000) == drawn


@given(seed=st.integers(0, 2**63 - 1))
def test_a_stream_without_messages_gets_no_fault(seed: int) -> None:
    """Five messages in turns of two: the third of four consumers gets one, the last none."""
    options = read("os-pipe", "--consumers", "4", "--items", "5", "--inject", "drop", "--seed", str(seed))
    drawn = draw_fault(options, 2)
    assert drawn is not None
    assert drawn.stream in (0, 1, 2)
    assert drawn.message < dealt_items(5, drawn.stream, 4, 2)


def test_where_there_is_no_message_for_it_a_fault_is_refused() -> None:
    with pytest.raises(UsageError, match="--inject reorder needs at least 2 messages in one stream"):
        draw_fault(read("os-pipe", "--consumers", "3", "--items", "3", "--inject", "reorder"), 1)


def test_none_is_drawn_when_none_was_asked_for() -> None:
    assert draw_fault(read("queue"), 1) is None
