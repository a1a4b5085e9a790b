"""multiprocessing.Pipe with objects: each is pickled and sent behind its length."""

from __future__ import annotations

__all__ = ["MpPipe"]

import multiprocessing

from queuemark.runners.python.transport import Case, Receive, Send, Transport
from queuemark.runners.python.transports.payloads import PICKLED, Objects


class MpPipe(Transport):
    """A pipe for each consumer."""

    name = "mp-pipe"
    summary = "multiprocessing.Pipe with send and recv of objects, one a consumer"
    dispatch = "deal"
    params = (PICKLED,)

    def __init__(self, case: Case) -> None:
        self.objects = Objects(case.params[PICKLED.name], pickling=True)
        self.pipes = [multiprocessing.get_context("spawn").Pipe(duplex=False) for _ in range(case.consumers)]

    def open_producer(self) -> list[Send]:
        return [self.objects.sending(into.send) for _, into in self.pipes]

    def open_consumer(self, index: int) -> Receive:
        return self.objects.receiving(self.pipes[index][0].recv)
