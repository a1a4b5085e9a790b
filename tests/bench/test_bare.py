"""The bare programs send what they say, all of it arrives, and nothing of them stays."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from pathlib import Path

import pytest

from bench.bare import Bare, build
from queuemark.model.errors import QueuemarkError

HEADER_BYTES = 4
EXIT_WATCH_MS = 5_000


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    build()


@pytest.mark.parametrize("size_bytes", [1, 16, 1024])
@pytest.mark.parametrize("mechanism", ["tcp", "unix", "pipe", "mq"])
def test_each_makes_one_call_a_message_and_all_arrive(mechanism: str, size_bytes: int) -> None:
    ran = Bare("each", mechanism, size_bytes).run(2000)
    wire_bytes = size_bytes + (HEADER_BYTES if mechanism in ("tcp", "unix") else 0)
    assert (ran.messages, ran.calls_sent, ran.bytes) == (2000, 2000, 2000 * wire_bytes)
    assert ran.window_ns > 0


@pytest.mark.parametrize("mechanism", ["tcp", "unix"])
@pytest.mark.parametrize("size_bytes", [1, 16, 65532])
def test_blocks_hold_whole_frames_only(mechanism: str, size_bytes: int) -> None:
    frame_bytes = HEADER_BYTES + size_bytes
    frames = 65536 // frame_bytes
    items = 3 * frames + 1
    ran = Bare("stream_blocks", mechanism, size_bytes).run(items)
    assert (ran.messages, ran.bytes, ran.calls_sent) == (items, items * frame_bytes, 4)


@pytest.mark.parametrize("consumers", [2, 5])
def test_competing_consumers_get_every_message_between_them(consumers: int) -> None:
    ran = Bare("each", "mq", 16, consumers).run(3000)
    assert (ran.messages, ran.bytes) == (3000, 48_000)


@pytest.mark.parametrize(
    ("bare", "said"),
    [
        (Bare("each", "pipe", consumers=2), "usage"),
        (Bare("each", "carrier-pigeon"), "usage"),
        (Bare("stream_blocks", "pipe"), "usage"),
        (Bare("each", "mq", options=("--depth", "0")), "usage"),
        (Bare("each", "mq", options=("--depth", "1000000")), "mq_open"),
    ],
)
def test_what_cannot_be_done_is_an_error_with_its_own_words(bare: Bare, said: str) -> None:
    with pytest.raises(QueuemarkError, match=said):
        bare.run(10)


@pytest.mark.parametrize(("mechanism", "consumers"), [("tcp", 1), ("mq", 3)])
def test_consumers_die_with_a_killed_producer(mechanism: str, consumers: int) -> None:
    command = Bare("each", mechanism, consumers=consumers).command(10**12)
    command[command.index("--warmup") + 1] = "0"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as producer:
        children = _children(producer.pid, consumers)
        watched = [os.pidfd_open(child) for child in children]
        producer.send_signal(signal.SIGKILL)
    for pidfd in watched:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        assert poll.poll(EXIT_WATCH_MS), "a consumer outlived its producer"
        os.close(pidfd)


def _children(pid: int, wanted: int) -> list[int]:
    """All children, once there are as many as wanted: the next look follows at once, the program is young."""
    while True:
        found = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        if len(found) == wanted:
            return found
        os.sched_yield()
