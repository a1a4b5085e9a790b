"""A queue of the kernel without a name."""

from __future__ import annotations

from typing import Any

import pytest

from queuemark.runners.python.transport import Case
from queuemark.runners.python.transports.posix_mq import PosixMq

posix_ipc = pytest.importorskip("posix_ipc", reason="posix_ipc is not installed")


def test_nobody_can_be_killed_while_a_queue_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []
    made = posix_ipc.MessageQueue

    def recording(*words: Any, **options: Any) -> Any:
        queue = made(*words, **options)
        names.append(queue.name)
        return queue

    monkeypatch.setattr(posix_ipc, "MessageQueue", recording)
    transport = PosixMq(Case(consumers=1, largest_bytes=64, params={"depth": 3}))
    (send,) = transport.open_producer()
    receive = transport.open_consumer(0)
    for message in (b"one", b"", bytes(64)):
        send(message)
    assert [receive() for _ in range(3)] == [b"one", b"", bytes(64)]
    assert len(names) == 3
    for name in names:
        with pytest.raises(posix_ipc.ExistentialError):
            made(name)
