"""What a Python transport is: a class with a name, some facts, and its two ends.

    class Deque(Transport):
        name = "deque"
        summary = "collections.deque, between threads that try again"
        dispatch = "compete"
        roles = "threads"

        def __init__(self, case: Case) -> None:
            self.deque: deque[bytes] = deque()

        def open_producer(self) -> list[Send]:
            return [self.deque.append]

        def open_consumer(self, index: int) -> Receive:
            return ...

The runner brings all the rest: processes, pacing, content, numbers, verification, counting, faults. It relies on this:

1. ``send`` returns when the mechanism has accepted the whole message, or raises. ``receive`` waits for one message and
   returns it as bytes.
2. An empty message is a message, too: it is how a consumer learns of the end. It arrives behind all that was sent
   before, and where consumers compete each of them takes one: there as many are sent as consumers are, one after the
   other, and a mechanism that chooses who gets what sends the next of them to the next consumer.
3. What was accepted arrives, once, whole and in order, or the trial has failed: a transport that may lose is none of
   this runner's.
4. With ``deal`` there is a channel for each consumer, and ``open_producer`` returns a function for each; with
   ``compete`` there is one channel that all consumers take from, and one function. In a fan-out it is one for each
   consumer, or one alone that reaches all of them.
5. Between processes the object is made in the parent and goes to each role by multiprocessing's pickle; ends are opened
   in their role. Between threads, and between tasks, it is made where they run. Nothing is sent before
   every role has opened its end.
6. Nothing with a name stays behind: when every role has opened its end, ``forget`` is called in the parent, and when
   every role has ended, ``clear_away``.
7. What needs a server names its kind as ``broker``, and finds the address in its case. Its constructor asks the server
   who it is, and raises Unavailable where that cannot be had: with what to do, and without the login.
"""

from __future__ import annotations

__all__ = [
    "BACKLOG_ITEMS",
    "AsyncReceive",
    "AsyncSend",
    "AsyncTransport",
    "Case",
    "Descriptor",
    "Receive",
    "ReceiveMany",
    "Send",
    "SendMany",
    "Transport",
    "Unavailable",
]

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from queuemark.model.errors import UsageError
from queuemark.model.transport import Durability, Facts, Param, ParamValue
from queuemark.model.transport import Transport as Description
from queuemark.model.workload import ack_name

if TYPE_CHECKING:
    import asyncio

Send = Callable[[bytes], object]
Receive = Callable[[], bytes]
SendMany = Callable[[Sequence[bytes]], object]
ReceiveMany = Callable[[int], Sequence[bytes]]
AsyncSend = Callable[[bytes], Awaitable[object]]
AsyncReceive = Callable[[], Awaitable[bytes]]

RUNTIME = "python"

BACKLOG_ITEMS = Param(
    name="backlog_items",
    unit="items",
    default=1000,
    low=1,
    high=1_000_000_000,
    help="messages that consumers may lack when the next ones are sent, unless at a set rate; else the producer waits",
)
"""For what takes messages without end: a server that gets them faster than it passes them on."""

DEAL_ITEMS = Param(
    name="deal_items",
    unit="items",
    default=1000,
    low=1,
    high=1_000_000_000,
    help="messages that one consumer gets before the next one's turn",
)


class Unavailable(Exception):
    """This mechanism cannot be had here; remedy: what to do about it."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy


@dataclass(frozen=True)
class Case:
    """What a transport is told of a trial. largest_bytes: of a message. params: all of its parameters.

    run_id: of this trial alone; what has a name on a server has it. server: its address, with a login if there is one.
    """

    consumers: int
    largest_bytes: int
    params: dict[str, ParamValue]
    run_id: str = ""
    pattern: str = "share"
    dispatch: str = "deal"
    ack: str = "fence"
    server: str | None = field(default=None, repr=False)

    def number(self, name: str) -> int:
        return int(self.params[name])

    @property
    def fans_out(self) -> bool:
        return self.pattern == "fanout"

    @property
    def unconfirmed(self) -> int:
        """How many messages may wait to be confirmed when the next one is sent; 0 where nothing waits for that."""
        return {"each": 1, "window": int(self.ack.partition(":")[2] or 1)}.get(ack_name(self.ack), 0)


class Transport:
    """One mechanism between a producer and its consumers.

    roles: run in processes of their own, in threads of one process, or as tasks of one event loop.
    frame_bytes: what the class itself puts around each message. copies: times that a payload byte is copied between the
        two ends, as far as the mechanism says. boundaries: the mechanism keeps messages apart.
    policies: each, and vector where one call can send many messages, and receive many.
    dispatches: where a case may choose: all of them, that of ``dispatch`` first.
    acks: what the producer can wait for: ``fence`` alone, where a call returns when the mechanism has the message.
    broker, durability: as the facts have them.
    needs: the module that must be there, and the distribution that brings it, where the names differ.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    dispatch: ClassVar[Literal["deal", "compete"]]
    roles: ClassVar[Literal["processes", "threads", "tasks"]] = "processes"
    max_size_bytes: ClassVar[int] = 16 << 20
    frame_bytes: ClassVar[int] = 0
    copies: ClassVar[int] = 2
    boundaries: ClassVar[bool] = True
    policies: ClassVar[tuple[str, ...]] = ("each",)
    dispatches: ClassVar[tuple[str, ...]] = ()
    acks: ClassVar[tuple[str, ...]] = ("fence",)
    broker: ClassVar[str | None] = None
    durability: ClassVar[tuple[Durability, ...]] = ()
    params: ClassVar[tuple[Param, ...]] = ()
    needs: ClassVar[str | None] = None
    distribution: ClassVar[str | None] = None

    def __init__(self, case: Case) -> None:
        """Makes the channel.

        Raises: Unavailable, OSError.
        """

    def open_producer(self) -> Sequence[Send]:
        """In the producer's role: what sends one message, for each channel."""
        raise NotImplementedError

    def open_consumer(self, index: int) -> Receive:
        """In a consumer's role: what receives one message."""
        raise NotImplementedError

    def open_producer_of_many(self) -> Sequence[SendMany]:
        """For the policy vector: what sends several messages by one call, for each channel."""
        raise NotImplementedError

    def open_consumer_of_many(self, index: int) -> ReceiveMany:
        """For the policy vector: what waits for messages, and takes as many as there are, so many at the most."""
        raise NotImplementedError

    def confirm(self) -> None:
        """In the producer's role, behind the last message: returns when all that was sent is accepted."""

    def granted(self) -> dict[str, ParamValue]:
        """What the system gave instead of what was asked for, by the names of parameters.

        Of a server: ``server_version``, as it says itself.
        """
        return {}

    def forget(self) -> None:
        """Lets go of what the parent still holds, and of names that nobody needs any more.

        It may be called again. multiprocessing removes the names of its locks when their maker lets them go.
        """
        vars(self).clear()

    def clear_away(self) -> None:
        """In the parent, when every role has ended: removes what the trial left on a server. What it raises is dropped,
        since then nothing is to be had of that server any more."""

    @classmethod
    def largest_bytes(cls) -> int:
        """The largest message, here and now."""
        return cls.max_size_bytes

    @classmethod
    def check_fits(cls, message_bytes: int) -> None:
        """Raises: UsageError for a message that is too large."""
        high = cls.largest_bytes()
        if message_bytes > high:
            raise UsageError(f"{cls.name} takes at most {high} bytes here, and a message has {message_bytes}")

    @classmethod
    def check_case(cls, case: Case) -> None:
        """In the parent, before there is a role.

        Raises: Unavailable where this case cannot be had here, though the mechanism can.
        """

    @classmethod
    def missing(cls) -> Unavailable | None:
        """Why this mechanism cannot be had here, or None; nothing of it is imported to find that out."""
        if cls.needs is None or find_spec(cls.needs) is not None:
            return None
        bringing = cls.distribution or cls.needs
        return Unavailable(f"the module {cls.needs} is not installed", f"python -m pip install {bringing}")

    @classmethod
    def description(cls) -> Description:
        missing = cls.missing()
        dispatches = cls.dispatches or (cls.dispatch,)
        deals = "deal" in dispatches
        return Description(
            name=cls.name,
            runtime=RUNTIME,
            summary=cls.summary,
            available=missing is None,
            reason=None if missing is None else str(missing),
            remedy=None if missing is None else missing.remedy,
            facts=Facts(
                lossless=True,
                ordered=True,
                boundaries=cls.boundaries,
                copies=cls.copies,
                patterns=["share", "fanout"] if deals else ["share"],
                dispatches=list(dispatches),
                policies=list(cls.policies),
                acks=list(cls.acks),
                waits=["block"],
                max_size_bytes=cls.largest_bytes(),
                broker=cls.broker,
                durability=list(cls.durability),
            ),
            params=[*([DEAL_ITEMS] if deals else []), *cls.params],
        )


class AsyncTransport(Transport):
    """A mechanism whose ends are awaited in an event loop: one for all roles that are tasks, else one for each."""

    async def connect_producer(self) -> Sequence[AsyncSend]:
        """As open_producer."""
        raise NotImplementedError

    async def connect_consumer(self, index: int) -> AsyncReceive:
        """As open_consumer."""
        raise NotImplementedError

    async def confirmed(self) -> None:
        """As confirm."""

    def loop(self) -> asyncio.AbstractEventLoop:
        """A new event loop, of the kind that is measured."""
        import asyncio

        return asyncio.new_event_loop()


class Descriptor:
    """A file descriptor that goes along when a role is started in a process of its own."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> tuple[Callable[[Any], Descriptor], tuple[Any]]:
        from multiprocessing.reduction import DupFd

        return _arrived, (DupFd(self.number),)

    def close(self) -> None:
        if self.number >= 0:
            os.close(self.number)
            self.number = -1


def _arrived(passed: Any) -> Descriptor:
    return Descriptor(passed.detach())
