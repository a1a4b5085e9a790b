"""The two ends of a transport as the loops use them: many messages at a time.

A batch is one plain loop, as one writes it by hand: the interpreter enters a function of Python's own faster from a
loop of its own than from one that runs in C (map, iter), by 50 to 150 ns a message with CPython 3.11. The loops await
every batch, so that ends of an event loop (event_loop.py) are used in the same way.
"""

from __future__ import annotations

__all__ = ["END", "NEVER_NS", "FanOut", "In", "ManyIn", "ManyOut", "Out", "once_each"]

from collections import deque
from collections.abc import Sequence
from typing import TypeVar

from queuemark.runners.python.stamping import now_ns
from queuemark.runners.python.transport import Receive, ReceiveMany, Send, SendMany

Sending = TypeVar("Sending")

NEVER_NS = 1 << 62

END = b""
"""What stands behind the last message of each phase."""


class Out:
    """The producer's end. calls, bytes: so far, framing included."""

    def __init__(self, sends: Sequence[Send], frame_bytes: int) -> None:
        self._sends, self._frame_bytes = sends, frame_bytes
        self.calls = self.bytes = 0

    async def send(self, stream: int, messages: Sequence[bytes], message_bytes: int) -> None:
        """Raises: whatever the mechanism does; then nothing of this batch counts as sent."""
        send = self._sends[stream]
        for message in messages:
            send(message)
        self._count(len(messages), message_bytes)

    async def flush(self) -> None:
        """Hands over what waits for company."""

    async def flush_overdue(self) -> None:
        """The same of what has waited long enough."""

    def next_flush_ns(self) -> int:
        """The moment of now_ns at which something will have waited long enough."""
        return NEVER_NS

    async def end(self, copies: int) -> None:
        """An end on each channel, or so many on the one that there is."""
        for send in once_each(self._sends, copies):
            send(END)

    def _count(self, messages: int, message_bytes: int) -> None:
        self.calls += messages
        self.bytes += message_bytes + messages * self._frame_bytes


class FanOut(Out):
    """Every message to every consumer, one after the other, or to a channel that reaches them all."""

    async def send(self, stream: int, messages: Sequence[bytes], message_bytes: int) -> None:
        for message in messages:
            for send in self._sends:
                send(message)
        self._count(len(messages) * len(self._sends), message_bytes * len(self._sends))

    async def end(self, copies: int) -> None:
        for send in self._sends:
            send(END)


class ManyOut(Out):
    """So many messages a call. all: every message goes to every consumer."""

    def __init__(self, sends: Sequence[SendMany], frame_bytes: int, items: int, *, all: bool) -> None:
        super().__init__((), frame_bytes)
        self._many, self._items, self._all = sends, items, all

    async def send(self, stream: int, messages: Sequence[bytes], message_bytes: int) -> None:
        sends = self._many if self._all else [self._many[stream]]
        calls = range(0, len(messages), self._items)
        for first in calls:
            for send in sends:
                send(messages[first : first + self._items])
        self.calls += len(calls) * len(sends)
        self.bytes += (message_bytes + len(messages) * self._frame_bytes) * len(sends)

    async def end(self, copies: int) -> None:
        for send in self._many if self._all else once_each(self._many, copies):
            send([END])


class In:
    """A consumer's end. calls: so far, that which brought the end included."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.calls = 0

    async def receive(self, most: int) -> list[bytes]:
        """So many messages; fewer when the end has come."""
        receive, messages = self._receive, []
        for _ in range(most):
            if not (message := receive()):
                break
            messages.append(message)
        self._count(len(messages), most)
        return messages

    async def receive_timed(self, most: int, came_ns: list[int]) -> list[bytes]:
        """The same; when each has come is added to came_ns."""
        receive, messages = self._receive, []
        for _ in range(most):
            if not (message := receive()):
                break
            came_ns.append(now_ns())
            messages.append(message)
        self._count(len(messages), most)
        return messages

    def _count(self, messages: int, most: int) -> None:
        self.calls += messages + (messages < most)


class ManyIn(In):
    """As many messages a call as there are, so many at the most."""

    def __init__(self, receive: ReceiveMany, items: int) -> None:
        super().__init__(bytes)
        self._many, self._items = receive, items
        self._held: deque[bytes] = deque()
        self._came_ns = 0

    async def receive(self, most: int) -> list[bytes]:
        return await self.receive_timed(most, [])

    async def receive_timed(self, most: int, came_ns: list[int]) -> list[bytes]:
        messages: list[bytes] = []
        while len(messages) < most:
            if not self._held:
                self._held.extend(self._many(self._items))
                self.calls += 1
                self._came_ns = now_ns()
            message = self._held.popleft()
            if message == END:
                break
            came_ns.append(self._came_ns)
            messages.append(message)
        return messages


def once_each(sends: Sequence[Sending], copies: int) -> Sequence[Sending]:
    """What sends an end to each consumer: a channel each has one, on a channel of all there are so many."""
    return [*sends] * copies if len(sends) == 1 else sends
