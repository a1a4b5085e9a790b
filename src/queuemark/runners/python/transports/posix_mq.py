"""posix_ipc's message queue: one queue of the kernel, a system call for each message."""

from __future__ import annotations

__all__ = ["PosixMq"]

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from queuemark.model.transport import Param
from queuemark.runners.python.transport import Case, Descriptor, Receive, Send, Transport

if TYPE_CHECKING:
    import posix_ipc

_LIMIT = Path("/proc/sys/fs/mqueue/msgsize_max")
_LIMIT_USUAL_BYTES = 8192

DEPTH = Param(
    name="depth", unit="items", default=10, low=1, high=10, help="messages that wait in the queue at most (mq_maxmsg)"
)


class PosixMq(Transport):
    """Consumers compete for one queue, whose descriptor goes along to every role."""

    name = "posix-ipc"
    summary = "posix_ipc.MessageQueue, one that all consumers take from"
    dispatch = "compete"
    needs = "posix_ipc"
    distribution = "posix-ipc"
    params = (DEPTH,)

    def __init__(self, case: Case) -> None:
        self.largest = max(1, case.largest_bytes)
        made = self._made(case.number("depth"))
        self.queue = Descriptor(os.dup(made.mqd))
        made.close()

    @classmethod
    def largest_bytes(cls) -> int:
        try:
            return int(_LIMIT.read_text())
        except OSError:
            return _LIMIT_USUAL_BYTES

    def forget(self) -> None:
        if "queue" in vars(self):
            self.queue.close()
        super().forget()

    def open_producer(self) -> list[Send]:
        return [self._opened().send]

    def open_consumer(self, index: int) -> Receive:
        receive = self._opened().receive
        return lambda: receive()[0]

    def _opened(self) -> posix_ipc.MessageQueue:
        """posix_ipc opens by name alone; here the descriptor of one that it made becomes that of the queue."""
        opened = self._made(1)
        os.dup2(self.queue.number, opened.mqd, inheritable=False)
        return opened

    def _made(self, depth: int) -> posix_ipc.MessageQueue:
        """A new queue, which has its name for no longer than it takes to make it."""
        import posix_ipc

        name = f"/queuemark-{os.getpid()}"
        with suppress(posix_ipc.ExistentialError):
            posix_ipc.unlink_message_queue(name)
        made = posix_ipc.MessageQueue(name, posix_ipc.O_CREX, max_messages=depth, max_message_size=self.largest)
        made.unlink()
        return made
