"""faster-fifo's queue: pickled objects in a ring of shared memory, with a lock and conditions of pthreads."""

from __future__ import annotations

__all__ = ["FasterFifo"]

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from queuemark.model.transport import Param
from queuemark.runners.python.transport import Case, Receive, ReceiveMany, Send, SendMany, Transport
from queuemark.runners.python.transports.payloads import PICKLED, Objects

if TYPE_CHECKING:
    import faster_fifo

_FOREVER_S = float(1 << 20)
"""Its calls give up after ten seconds by default, and take no infinity."""

_PICKLE_BYTES = 256
"""More than pickle and the queue put around a message, whatever object holds it."""

BUFFER = Param(
    name="buffer_bytes", unit="B", default=1_000_000, low=1024, high=1 << 30, help="the ring; longer for large messages"
)


class FasterFifo(Transport):
    """Consumers compete for one queue; with the policy vector by put_many and get_many."""

    name = "faster-fifo"
    summary = "faster_fifo.Queue, one that all consumers take from"
    dispatch = "compete"
    policies = ("each", "vector")
    needs = "faster_fifo"
    distribution = "faster-fifo"
    params = (BUFFER, PICKLED)

    def __init__(self, case: Case) -> None:
        import faster_fifo
        import faster_fifo_reduction  # noqa: F401 - without it the queue does not go along to a role

        self.objects = Objects(case.params[PICKLED.name], pickling=True)
        size_bytes = max(case.number("buffer_bytes"), 2 * (case.largest_bytes + _PICKLE_BYTES))
        self.queue: faster_fifo.Queue = faster_fifo.Queue(max_size_bytes=size_bytes)

    def open_producer(self) -> list[Send]:
        return [self.objects.sending(partial(self.queue.put, timeout=_FOREVER_S))]

    def open_consumer(self, index: int) -> Receive:
        return self.objects.receiving(partial(self.queue.get, timeout=_FOREVER_S))

    def open_producer_of_many(self) -> list[SendMany]:
        return [self.objects.sending_many(partial(self.queue.put_many, timeout=_FOREVER_S))]

    def open_consumer_of_many(self, index: int) -> ReceiveMany:
        get_many = self.queue.get_many

        def receive(most: int) -> Sequence[Any]:
            objects: Sequence[Any] = get_many(timeout=_FOREVER_S, max_messages_to_get=most)
            return objects

        return self.objects.receiving_many(receive)
