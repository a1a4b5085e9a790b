"""The memory that roles share: slots of their own, counts that tell their phase, times that stay apart."""

from __future__ import annotations

import os
from functools import partial
from multiprocessing import get_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.runners.python.numbering import Phase
from queuemark.runners.python.shared import Board, Gate, Memory, Shared


def test_a_role_shows_how_far_it_is_in_its_phase() -> None:
    shared = Shared(2, 1)
    shared.publish(1, 5, Phase.warmup)
    assert (shared.in_window(1), shared.before_window(1)) == (0, 5)
    shared.publish(1, 3, Phase.window)
    shared.publish(2, 4, Phase.window)
    assert (shared.in_window(1), shared.before_window(1), shared.delivered()) == (3, 0, 7)
    assert shared.in_window(0) == 0


def test_whatever_moves_shows() -> None:
    shared = Shared(2, 1)
    seen = [shared.moved()]
    for change in (
        partial(shared.arrive, 2),
        partial(shared.publish, 0, 1, Phase.probe),
        partial(shared.publish, 0, 1, Phase.window),
        partial(shared.publish, 2, 1, Phase.window),
        partial(shared.offer, 9),
    ):
        change()
        seen.append(shared.moved())
    assert len(set(seen)) == len(seen)


def test_all_have_arrived_when_each_has() -> None:
    shared = Shared(1, 1)
    shared.arrive(1)
    assert not shared.all_arrived()
    shared.arrive(0)
    assert shared.all_arrived()


def test_words_of_the_trial_are_no_slots() -> None:
    shared = Shared(3, 3)
    for stream in range(3):
        shared.deal(stream, 10 + stream)
    shared.open_window(77)
    shared.own_to_fault(3, 6)
    assert (shared.stopped, shared.ending) == (False, False)
    shared.stop()
    shared.end()
    assert (shared.stopped, shared.ending, shared.opened_ns) == (True, True, 77)
    assert [shared.dealt(stream) for stream in range(3)] == [10, 11, 12]
    assert [shared.fault_of(worker) for worker in range(4)] == [None, None, None, 6]
    assert [shared.in_window(worker) for worker in range(4)] == [0] * 4


def test_a_fault_at_the_first_message_is_one() -> None:
    shared = Shared(1, 1)
    shared.own_to_fault(0, 0)
    assert shared.fault_of(0) == 0


def _write(memory: Memory, gate: Gate) -> None:
    memory.bytes[:4] = b"told"
    gate.open()


def test_memory_and_gates_go_along_to_a_process() -> None:
    memory, gate = Memory(8), Gate()
    role = get_context("spawn").Process(target=_write, args=(memory, gate))
    role.start()
    gate.pass_through()
    assert memory.bytes[:4] == b"told"
    role.join()


def test_a_gate_lets_through_as_many_as_it_was_opened_for() -> None:
    gate = Gate()
    gate.open(2)
    gate.pass_through()
    gate.pass_through()
    os.set_blocking(gate.fileno(), False)
    with pytest.raises(BlockingIOError):
        gate.pass_through()


@given(st.integers(0, 1 << 40), st.integers(0, (1 << 48) - 1), st.integers(1, 1 << 16))
def test_a_time_that_was_written_over_is_nobody_elses(ordinal: int, sent_ns: int, rounds: int) -> None:
    board = Board(memoryview(bytearray(Board.BYTES)).cast("q"), 0)
    assert board.read(ordinal) is None
    board.write(ordinal, sent_ns)
    assert board.read(ordinal) == sent_ns
    if rounds % ((1 << 15) - 1):
        assert board.read(ordinal + rounds * Board.ENTRIES) is None


def test_streams_have_boards_of_their_own() -> None:
    words = memoryview(bytearray(2 * Board.BYTES)).cast("q")
    first, second = Board(words, 0), Board(words, 1)
    first.write(3, 5)
    assert (first.read(3), second.read(3)) == (5, None)
