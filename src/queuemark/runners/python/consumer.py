"""The loop that receives, once for every transport of Python.

Messages are taken in batches of some milliseconds, and looked at when the batch is whole; how far a consumer is shows
after each. A batch ends where the laboratory has something to do: at a message whose time was noted, at a fault.
"""

from __future__ import annotations

__all__ = ["Consumption"]

from collections.abc import Callable

from queuemark.runners.python.account import Account
from queuemark.runners.python.ends import In
from queuemark.runners.python.fault import Fault
from queuemark.runners.python.found import Received, Tally
from queuemark.runners.python.host import Host
from queuemark.runners.python.latency import Arrivals, Came
from queuemark.runners.python.numbering import Phase
from queuemark.runners.python.options import Options
from queuemark.runners.python.shared import Shared
from queuemark.runners.python.stamping import now_ns
from queuemark.runners.python.stride import Stride
from queuemark.runners.python.usage import Usage

_UNBOUNDED = 1 << 62


class Consumption:
    """One consumer of one trial. opened: makes its account of a phase."""

    def __init__(
        self,
        options: Options,
        shared: Shared,
        end: In,
        host: Host,
        *,
        index: int,
        largest_bytes: int,
        opened: Callable[[Phase], Account],
        arrivals: Arrivals,
        fault: Fault | None,
        usage: Callable[[], Usage],
    ) -> None:
        self._options, self._shared, self._in, self._host = options, shared, end, host
        self._index, self._opened, self._arrivals, self._fault = index, opened, arrivals, fault
        self._usage = usage
        self._stride = Stride(largest_bytes, options.stride_high)
        self._last_ns = 0
        """When the last batch had come; looking at it takes its time, too."""

    async def run(self) -> Received:
        probe = await self._take_phase(Phase.probe)
        warmup = await self._take_phase(Phase.warmup) if self._options.warmup_s else Tally()
        usage, calls = self._usage(), self._in.calls
        account = await self._receive(Phase.window)
        used = usage.used()
        early = not self._shared.ending
        self._shared.done.open()
        account.finish(self._shared.dealt(self._options.stream_of(self._index)))
        return Received(
            tally=account.tally,
            before_window=probe.messages + warmup.messages,
            clean_before=probe.clean and warmup.clean,
            early=early,
            calls=self._in.calls - calls,
            last_ns=self._last_ns,
            used=used,
            missed=self._arrivals.missed,
            latency=self._arrivals.latency.histogram(),
            raw=self._arrivals.raw.histogram(),
        )

    async def _take_phase(self, phase: Phase) -> Tally:
        account = await self._receive(phase)
        account.finish(account.tally.messages)
        self._shared.done.open()
        return account.tally

    async def _receive(self, phase: Phase) -> Account:
        """All messages of a phase, up to its end."""
        if phase is not Phase.probe and self._options.competing:
            await self._host.through(self._shared.go[phase])
        account = self._opened(phase)
        stamped = phase is Phase.window and self._arrivals.stamping is not None
        whole = True
        while whole:
            self._publish(account, phase)
            asked = min(self._stride.items, self._until_fault(account, phase))
            began_ns = now_ns()
            messages, came = await (self._noted(asked, account.next) if stamped else self._batch(asked))
            self._stride.took(now_ns() - began_ns)
            if stamped and not self._arrivals.opened_ns:
                self._arrivals.opened_ns = self._shared.opened_ns
            self._last_ns = came.last_ns
            account.take(messages, came)
            whole = len(messages) == asked
        self._publish(account, phase)
        return account

    async def _batch(self, asked: int) -> tuple[list[bytes], Came]:
        messages = await self._in.receive(asked)
        return messages, Came({}, now_ns())

    async def _noted(self, asked: int, number: int | None) -> tuple[list[bytes], Came]:
        """A batch that begins at this number; the clock is read when a message has come that has its time noted."""
        if number is None or self._arrivals.paced:
            came_ns: list[int] = []
            messages = await self._in.receive_timed(asked, came_ns)
            return messages, Came(dict(enumerate(came_ns)), now_ns())
        messages, noted, run, part = [], {}, 0, 0
        while part == run and len(messages) < asked:
            place = len(messages)
            until = self._arrivals.until_stamped(number + place)
            run = min(until or 1, asked - place)
            messages += await self._in.receive(run)
            part = len(messages) - place
            if not until:
                noted[place] = now_ns()
        return messages, Came(noted, now_ns())

    def _until_fault(self, account: Account, phase: Phase) -> int:
        if not self._faulty(phase) or self._fault is None:
            return _UNBOUNDED
        return self._fault.message + 1 - account.tally.messages

    def _publish(self, account: Account, phase: Phase) -> None:
        self._shared.publish(1 + self._index, account.tally.messages, phase)
        if self._faulty(phase) and self._fault is not None and account.tally.messages > self._fault.message:
            self._shared.own_to_fault(1 + self._index, self._fault.message)
            self._host.suffer(self._fault.kind)

    def _faulty(self, phase: Phase) -> bool:
        return self._fault is not None and self._fault.consumer == self._index and phase is Phase.window
