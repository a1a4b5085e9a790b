"""posix_ipc's message queue: one queue of the kernel, a system call for each message."""

from __future__ import annotations

__all__ = ["PosixMq"]

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from queuemark.model.transport import Param
from queuemark.runners.python.transport import Case, Receive, Send, Transport

if TYPE_CHECKING:
    import posix_ipc

_LIMIT = Path("/proc/sys/fs/mqueue/msgsize_max")
_LIMIT_USUAL_BYTES = 8192

DEPTH = Param(
    name="depth", unit="items", default=10, low=1, high=10, help="messages that wait in the queue at most (mq_maxmsg)"
)


class PosixMq(Transport):
    """Consumers compete for one queue, which has a name until every role has opened it."""

    name = "posix-ipc"
    summary = "posix_ipc.MessageQueue, one that all consumers take from"
    dispatch = "compete"
    needs = "posix_ipc"
    distribution = "posix-ipc"
    params = (DEPTH,)

    def __init__(self, case: Case) -> None:
        import posix_ipc

        made = posix_ipc.MessageQueue(
            None, posix_ipc.O_CREX, max_messages=case.number("depth"), max_message_size=max(1, case.largest_bytes)
        )
        self.path = made.name
        made.close()

    @classmethod
    def largest_bytes(cls) -> int:
        try:
            return int(_LIMIT.read_text())
        except OSError:
            return _LIMIT_USUAL_BYTES

    def forget(self) -> None:
        import posix_ipc

        if "path" in vars(self):
            with suppress(posix_ipc.ExistentialError):
                posix_ipc.unlink_message_queue(self.path)
        super().forget()

    def open_producer(self) -> list[Send]:
        return [self._opened().send]

    def open_consumer(self, index: int) -> Receive:
        receive = self._opened().receive
        return lambda: receive()[0]

    def _opened(self) -> posix_ipc.MessageQueue:
        import posix_ipc

        return posix_ipc.MessageQueue(self.path)
