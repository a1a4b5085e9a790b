"""What a producer sends, in which order, and what it says of it: three phases, turns of the deal, one fault."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest

from queuemark.runners.python.content import make_content
from queuemark.runners.python.ends import END, Out
from queuemark.runners.python.fault import Fault
from queuemark.runners.python.found import Sent
from queuemark.runners.python.host import Host
from queuemark.runners.python.numbering import Dealing, Phase, Stream
from queuemark.runners.python.producer import Production
from queuemark.runners.python.setup import Setup
from queuemark.runners.python.stamping import Stamping, now_ns
from queuemark.runners.python.usage import Usage
from tests.runners.python.setups import finished, setup


class Taken:
    """What went into each stream, in the order of all of them, and how far the producer said to be by then."""

    def __init__(self, trial: Setup) -> None:
        self.trial = trial
        self.messages: list[tuple[int, bytes]] = []
        self.at_ns: list[int] = []

    def put(self, stream: int, message: bytes) -> None:
        self.messages.append((stream, message))
        self.at_ns.append(now_ns())
        if message == END:
            self.trial.shared.done.open()

    def phases(self) -> list[list[tuple[int, bytes]]]:
        """Ends leave no trace but the parting."""
        parts: list[list[tuple[int, bytes]]] = [[]]
        for stream, message in self.messages:
            if message != END:
                parts[-1].append((stream, message))
            elif parts[-1]:
                parts.append([])
        return parts[:-1]


class Runs(Out):
    def __init__(self, taken: Taken, streams: int) -> None:
        super().__init__([partial(taken.put, stream) for stream in range(streams)], 0)


class Batches(Runs):
    """How many batches went to it."""

    def __init__(self, taken: Taken, streams: int) -> None:
        super().__init__(taken, streams)
        self.batches = 0

    async def send(self, stream: int, messages: Sequence[bytes], message_bytes: int) -> None:
        self.batches += 1
        await super().send(stream, messages, message_bytes)


def produced(*words: str, deal_items: int = 1000, fault: Fault | None = None) -> tuple[Setup, Taken, Sent]:
    trial = setup("os-pipe", "--warmup", "0", *words)
    taken = Taken(trial)
    return trial, taken, performed(trial, Runs(taken, trial.options.streams), deal_items, fault)


def performed(trial: Setup, out: Out, deal_items: int = 1000, fault: Fault | None = None) -> Sent:
    options = trial.options
    production = Production(
        options,
        trial.shared,
        make_content(options.size_bytes, (), (), options.seed),
        out,
        Host(crowded=True),
        deal_items=deal_items,
        fault=fault,
        usage=lambda: Usage("process", with_memory=False),
        stamping=Stamping(options) if options.rate_per_s is not None else None,
        confirmed=nothing,
    )
    for index in range(options.consumers):
        trial.shared.arrive(1 + index)
    return finished(production.run())


async def nothing() -> None:
    """All is accepted as soon as it is sent."""


def content_of(trial: Setup, stream: int, phase: Phase, numbers: Sequence[int]) -> list[bytes]:
    options = trial.options
    of = Stream.of(options.seed, Dealing(stream, options.streams, 3), phase)
    content = make_content(options.size_bytes, (), (), options.seed)
    return [content.run(of, number, 1)[0] for number in numbers]


def test_messages_are_dealt_in_turns_and_ends_stand_behind_them() -> None:
    trial, taken, sent = produced("--items", "10", "--consumers", "2", deal_items=3)
    probe, window = taken.phases()
    assert [stream for stream, _ in probe] == [0, 1]
    assert [stream for stream, _ in window] == [0, 0, 0, 1, 1, 1, 0, 0, 0, 1]
    for stream, numbers in ((0, range(6)), (1, range(4))):
        dealt = [message for into, message in window if into == stream]
        assert dealt == content_of(trial, stream, Phase.window, numbers)
    assert [trial.shared.dealt(stream) for stream in (0, 1)] == [6, 4]
    assert (sent.messages, sent.before_window, sent.calls, sent.bytes) == (10, 2, 10, 640)
    assert trial.shared.in_window(0) == 10
    assert trial.shared.ending


@pytest.mark.parametrize("consumers", [1, 2])
def test_a_channel_that_is_the_only_one_is_sent_to_in_batches(consumers: int) -> None:
    trial = setup("queue", "--warmup", "0", "--items", "900", "--consumers", str(consumers))
    out = Batches(Taken(trial), 1)
    sent = performed(trial, out, deal_items=1)
    assert sent.messages == 900
    assert out.batches < 450


def test_the_warm_up_has_messages_of_its_own() -> None:
    trial, taken, sent = produced("--items", "2", "--warmup", "0.001")
    probe, warmup, window = taken.phases()
    assert sent.before_window == len(probe) + len(warmup) > 1
    assert [message for _, message in window] == content_of(trial, 0, Phase.window, range(2))
    assert not {message for _, message in warmup} & {message for _, message in window}


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [("drop", [0, 1, 3, 4]), ("duplicate", [0, 1, 2, 2, 3, 4]), ("reorder", [0, 1, 3, 2, 4])],
)
def test_one_fault_is_made_at_its_message(kind: str, numbers: list[int]) -> None:
    trial, taken, sent = produced("--items", "5", fault=Fault(kind, 0, None, 2, 0))
    assert [message for _, message in taken.phases()[1]] == content_of(trial, 0, Phase.window, numbers)
    assert (sent.messages, trial.shared.dealt(0), trial.shared.fault_of(0)) == (5, 5, 2)


@pytest.mark.parametrize("bit", [0, 7, 200, 511])
def test_a_flip_changes_one_bit_of_one_message(bit: int) -> None:
    trial, taken, _ = produced("--items", "5", fault=Fault("flip", 0, None, 2, bit))
    found = b"".join(message for _, message in taken.phases()[1])
    due = b"".join(content_of(trial, 0, Phase.window, range(5)))
    changed = int.from_bytes(found, "little") ^ int.from_bytes(due, "little")
    assert changed == 1 << (2 * 64 * 8 + bit)


def test_no_paced_message_is_sent_before_it_is_due() -> None:
    trial, taken, sent = produced("--items", "4", "--rate", "100")
    opened_ns = trial.shared.opened_ns
    *at_ns, _ = taken.at_ns[-5:]
    assert all(at >= opened_ns + number * 10_000_000 for number, at in enumerate(at_ns))
    # The window lasts until the message after the last would be due.
    assert sent.last_ns >= opened_ns + 4 * 10_000_000
    assert sent.pacing is not None
    assert sent.pacing.samples == 4


def test_what_is_stopped_sends_no_more() -> None:
    trial = setup("os-pipe", "--warmup", "0", "--duration", "60")
    taken = Taken(trial)

    class Stops(Runs):
        async def send(self, stream: int, messages: Sequence[bytes], message_bytes: int) -> None:
            await super().send(stream, messages, message_bytes)
            if len(taken.messages) > 20:
                trial.shared.stop()

    sent = performed(trial, Stops(taken, 1))
    _, window = taken.phases()
    assert sent.messages == len(window) == trial.shared.dealt(0) < 2000
