"""The loop that receives, played to by hand: when it may go on, and when its window ends."""

from __future__ import annotations

import asyncio
import select
from collections import deque

from queuemark.runners.python.account import Account, Competing
from queuemark.runners.python.consumer import Consumption
from queuemark.runners.python.content import make_content
from queuemark.runners.python.ends import END, In
from queuemark.runners.python.found import Received
from queuemark.runners.python.host import Host
from queuemark.runners.python.latency import Arrivals, Came
from queuemark.runners.python.numbering import Dealing, Phase, Stream
from queuemark.runners.python.options import read_options
from queuemark.runners.python.shared import Gate, Shared
from queuemark.runners.python.stamping import now_ns
from queuemark.runners.python.transports.simple_queue import SimpleQueue
from queuemark.runners.python.usage import Usage

CONTENT = make_content(64, (), (), 1)
DEALING = Dealing()


def messages(phase: Phase, count: int) -> list[bytes]:
    return CONTENT.run(Stream.of(1, DEALING, phase), 0, count)


class Slow(Account):
    """When it was told of each batch of the window."""

    def __init__(self, told_ns: list[int]) -> None:
        super().__init__(CONTENT, Stream.of(1, DEALING, Phase.window), 1, None)
        self._told_ns = told_ns

    def take(self, messages: list[bytes], came: Came) -> None:
        self._told_ns.append(now_ns())
        self.tally.messages += len(messages)


class Producing(Host):
    """The producer and the other consumer, which is slow: it comes to a phase only when the first one waits there."""

    def __init__(self, shared: Shared, channel: deque[bytes]) -> None:
        super().__init__(crowded=True)
        self._shared, self._channel = shared, channel
        self._phases = iter((Phase.warmup, Phase.window))
        self.open_too_early: list[Phase] = []

    async def through(self, gate: Gate) -> None:
        phase = next(self._phases)
        if select.select([gate.fileno()], [], [], 0)[0]:
            self.open_too_early.append(phase)
        if phase is Phase.window:
            await super().through(self._shared.go[Phase.warmup])
        assert self._channel.popleft() == END  # the other consumer's, of the phase before
        self._shared.go[phase].open(2)
        self._channel.extend([*messages(phase, 5), END, END])
        if phase is Phase.window:
            self._shared.end()
        await super().through(gate)


def received(windows: Account | None = None) -> tuple[Received, Producing]:
    """What the first of two consumers finds, and who played to it. windows: its account of the window."""
    shared, channel = Shared(2, 1), deque([*messages(Phase.probe, 1), END, END])
    host = Producing(shared, channel)

    def opened(phase: Phase) -> Account:
        if windows is not None and phase is Phase.window:
            return windows
        return Competing(CONTENT, Stream.of(1, DEALING, phase), 1, None, None)

    consumption = Consumption(
        read_options(["simple-queue", "--consumers", "2"], {"simple-queue": SimpleQueue.description()}),
        shared,
        In(channel.popleft),
        host,
        index=0,
        largest_bytes=64,
        opened=opened,
        arrivals=Arrivals(None, DEALING),
        fault=None,
        usage=lambda: Usage("none", with_memory=False),
    )
    return asyncio.run(consumption.run()), host


def test_m01_a_quick_consumer_takes_no_other_ones_turn() -> None:
    found, host = received()
    assert host.open_too_early == []
    assert (found.early, found.clean_before, found.tally.messages) == (False, True, 5)


def test_m06_the_window_ends_before_its_last_messages_are_looked_at() -> None:
    told_ns: list[int] = []
    found, _ = received(Slow(told_ns))
    assert found.tally.messages == 5
    assert found.last_ns <= told_ns[-1]
