"""The loop that sends, once for every transport of Python.

1. Messages are made before the calls that send them, in batches of some milliseconds; between two calls there is
   nothing of the laboratory but the loop.
2. Three phases, each with its end behind the last message: a probe on each stream, the warm-up, the window. The next
   one begins when every consumer has come to that end.
3. The producer stays until every consumer has the last end: what a mechanism still holds back is not lost with it.
4. A paced message is sent when it is due or, when that is past, at once.
"""

from __future__ import annotations

__all__ = ["Production"]

from collections.abc import Awaitable, Callable
from itertools import cycle

from queuemark.runners.python.content import Ahead, Content
from queuemark.runners.python.ends import Out
from queuemark.runners.python.fault import Fault
from queuemark.runners.python.found import Sent
from queuemark.runners.python.host import Host
from queuemark.runners.python.latency import Times
from queuemark.runners.python.numbering import Dealing, Phase, Stream
from queuemark.runners.python.options import Options
from queuemark.runners.python.shared import Board, Shared
from queuemark.runners.python.stamping import Stamping, now_ns
from queuemark.runners.python.stride import Stride
from queuemark.runners.python.usage import Usage

PRODUCER = 0
_UNBOUNDED = 1 << 62


class Production:
    """One trial's producer. confirmed: waits until all that was sent is accepted."""

    def __init__(
        self,
        options: Options,
        shared: Shared,
        content: Content,
        out: Out,
        host: Host,
        *,
        deal_items: int,
        fault: Fault | None,
        usage: Callable[[], Usage],
        stamping: Stamping | None,
        confirmed: Callable[[], Awaitable[None]],
    ) -> None:
        self._options, self._shared, self._content, self._out, self._host = options, shared, content, out, host
        self._deal_items, self._fault, self._stamping = deal_items, fault, stamping
        # A stream that is the only one has its turn all the time: a batch there is as long as it may be.
        self._turn_items = deal_items if options.streams > 1 else _UNBOUNDED
        self._usage, self._confirmed = usage, confirmed
        self._stride = Stride(content.largest_bytes)
        self._boards: list[Board | None] = [
            None if stamping is None else stamping.board(stream) for stream in range(options.streams)
        ]
        self._schedule = None if stamping is None else stamping.schedule
        self._end_ns = _UNBOUNDED if options.items else int(options.duration_s * 1e9)
        self._pacing = Times()
        self._published = 0

    async def run(self) -> Sent:
        before = await self._probe() + await self._warm_up()
        self._begin(Phase.window)
        self._shared.stage.open()
        await self._let_in()
        usage = self._usage()
        calls, sent_bytes = self._out.calls, self._out.bytes
        self._opened_ns = now_ns()
        self._shared.open_window(self._opened_ns)
        await self._send_all()
        await self._out.flush()
        if self._options.ack != "none":
            await self._confirmed()
        await self._wait_out()
        last_ns, used = now_ns(), usage.used()
        for stream, given in enumerate(self._given):
            self._shared.deal(stream, given)
        sent = Sent(
            messages=self._published,
            before_window=before,
            calls=self._out.calls - calls,
            bytes=self._out.bytes - sent_bytes,
            last_ns=last_ns,
            used=used,
            pacing=self._pacing.histogram() if self._schedule is not None else None,
        )
        self._shared.end()
        await self._fence()
        return sent

    # ---- before the window

    async def _probe(self) -> int:
        """One message on each stream; when all have come, the parent is told."""
        self._begin(Phase.probe)
        for stream in range(self._options.streams):
            await self._give(stream, 1)
        await self._fence()
        self._shared.stage.open()
        return self._published

    async def _warm_up(self) -> int:
        if not self._options.warmup_s:
            return 0
        self._begin(Phase.warmup)
        await self._let_in()
        end_ns = now_ns() + int(self._options.warmup_s * 1e9)
        for stream in cycle(range(self._options.streams)):
            await self._give(stream, self._stride.items)
            if now_ns() >= end_ns or self._shared.stopped:
                break
        await self._fence()
        return self._published

    async def _fence(self) -> None:
        """Every consumer has taken all of this phase, and its end."""
        # A call that takes many would take other consumers' ends, too: there one goes after the other.
        rounds = self._options.consumers if self._options.competing and self._options.vector_items else 1
        copies = self._options.consumers // rounds
        for _ in range(rounds):
            await self._out.end(copies)
            for _ in range(copies):
                await self._host.through(self._shared.done)

    async def _let_in(self) -> None:
        """Consumers that compete wait for the next phase, so that none takes the end of another one."""
        if self._options.competing:
            self._shared.go[self._phase].open(self._options.consumers)

    def _begin(self, phase: Phase) -> None:
        options = self._options
        self._phase = phase
        self._given = [0] * options.streams
        self._published = 0
        dealings = [Dealing(stream, options.streams, self._deal_items) for stream in range(options.streams)]
        self._streams = [Stream.of(options.seed, dealing, phase) for dealing in dealings]
        self._ahead = [Ahead(self._content, stream, options.streams) for stream in self._streams]
        self._shared.publish(PRODUCER, 0, phase)

    # ---- the window

    async def _send_all(self) -> None:
        left = self._options.items or (self._options.items_high if self._options.competing else _UNBOUNDED)
        for stream in cycle(range(self._options.streams)):
            if not left or self._shared.stopped or self._scheduled_all():
                return
            left -= await self._turn(stream, min(left, self._turn_items), left)

    async def _turn(self, stream: int, count: int, left: int) -> int:
        """One turn of the deal; the fault, if it falls into it, is made at its message."""
        fault = self._fault
        here = fault is not None and fault.stream == stream and 0 <= fault.message - self._given[stream] < count
        if fault is None or not here:
            return await self._give(stream, count)
        done = await self._give(stream, fault.message - self._given[stream])
        if self._given[stream] != fault.message or left - done < fault.messages or self._scheduled_all():
            return done
        done += await self._make_fault(stream, fault)
        return done + (await self._give(stream, count - done) if done < count else 0)

    async def _give(self, stream: int, count: int) -> int:
        """So many of the stream's next messages; fewer when the trial is to end."""
        done = 0
        while done < count and not self._shared.stopped and not self._scheduled_all():
            room = await self._room()
            began_ns = now_ns()
            first = self._given[stream]
            messages = self._ahead[stream].run(first, min(count - done, self._stride.items, room))
            if self._phase is Phase.window and self._schedule is not None:
                taken = await self._follow_schedule(stream, first, messages)
            else:
                taken = await self._hand_over(stream, first, messages)
            done += taken
            self._stride.took(now_ns() - began_ns)
        return done

    async def _room(self) -> int:
        """Messages that may be sent now, at least one: waits while consumers lack as many as they may."""
        backlog = self._options.backlog_items
        if backlog is None:
            return _UNBOUNDED
        while (room := backlog - self._published + self._taken()) < 1 and not self._shared.stopped:
            await self._host.pause()
        return max(1, room)

    def _taken(self) -> int:
        """Messages of this phase that consumers have; in a fan-out, that all of them have."""
        told = self._shared.in_window if self._phase is Phase.window else self._shared.before_window
        counts = [told(1 + index) for index in range(self._options.consumers)]
        return min(counts) if self._options.fans_out else sum(counts)

    async def _hand_over(self, stream: int, first: int, messages: list[bytes]) -> int:
        """As fast as they are taken, in runs that begin at a message that is stamped."""
        count, place = len(messages), 0
        while place < count:
            run = min(count - place, self._stamp(stream, first + place))
            part = messages if run == count else messages[place : place + run]
            await self._send(stream, part)
            place += run
        return count

    def _stamp(self, stream: int, number: int) -> int:
        """Notes when this message is sent, if that is to be; how many are sent until the next one of these."""
        board = self._boards[stream]
        if board is None or self._stamping is None or self._phase is not Phase.window:
            return _UNBOUNDED
        ordinal, rest = divmod(number, self._stamping.every)
        if not rest:
            board.write(ordinal, now_ns() - self._opened_ns)
        return self._stamping.every - rest

    async def _send(self, stream: int, messages: list[bytes]) -> None:
        await self._out.send(stream, messages, self._content.bytes_of(messages))
        self._given[stream] += len(messages)
        self._published += len(messages)
        self._shared.publish(PRODUCER, self._published, self._phase)

    # ---- at a set rate

    async def _follow_schedule(self, stream: int, first: int, messages: list[bytes]) -> int:
        assert self._schedule is not None
        for place, message in enumerate(messages):
            if self._shared.stopped or self._scheduled_all():
                return place
            await self._await_turn(stream, first + place)
            await self._send(stream, [message])
            self._shared.offer(self._published)
        return len(messages)

    async def _await_turn(self, stream: int, number: int) -> None:
        """Until the next of all messages is due; what that is late by is noted of the stamped ones."""
        assert self._schedule is not None
        assert self._stamping is not None
        due_ns = self._schedule.due_ns(self._published)
        moment_ns = self._opened_ns + due_ns
        while (flush_ns := self._out.next_flush_ns()) < moment_ns:
            # What lingers meanwhile is sent in its time.
            await self._host.until(flush_ns)
            await self._out.flush_overdue()
        await self._host.until(moment_ns)
        if not number % self._stamping.every:
            self._pacing.add(now_ns() - self._opened_ns - due_ns)
            self._stamp(stream, number)

    def _scheduled_all(self) -> bool:
        """Whether the next one would be due when the time is over."""
        if self._schedule is None or self._phase is not Phase.window:
            return False
        return self._schedule.due_ns(self._published) >= self._end_ns

    async def _wait_out(self) -> None:
        """A paced window lasts until the message after the last would be due, or the time is over."""
        if self._schedule is not None and not self._shared.stopped:
            over_ns = min(self._end_ns, self._schedule.due_ns(self._published))
            await self._host.until(self._opened_ns + over_ns)

    # ---- the fault

    async def _make_fault(self, stream: int, fault: Fault) -> int:
        number = self._given[stream]
        messages = self._content.run(self._streams[stream], number, fault.messages)
        for place in range(fault.messages):
            await self._due_or_stamped(stream, number + place)
        sent = {
            "flip": [_flipped(messages[0], fault.bit_draw)],
            "drop": [],
            "duplicate": [messages[0], messages[0]],
            "reorder": messages[::-1],
        }[fault.kind]
        await self._out.send(stream, sent, self._content.bytes_of(sent))
        # What was dropped counts as published, what was repeated only once.
        self._given[stream] += fault.messages
        self._published += fault.messages
        self._shared.publish(PRODUCER, self._published, self._phase)
        self._shared.own_to_fault(PRODUCER, fault.message)
        return fault.messages

    async def _due_or_stamped(self, stream: int, number: int) -> None:
        if self._schedule is not None:
            await self._await_turn(stream, number)
        else:
            self._stamp(stream, number)


def _flipped(message: bytes, draw: int) -> bytes:
    bit = draw % (8 * len(message))
    damaged = bytearray(message)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)
