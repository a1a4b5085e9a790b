"""The bare programs send what they say, all of it arrives, and nothing of them stays."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from pathlib import Path

import pytest

from bench.bare import Bare, NotInstalled, build
from queuemark.model.errors import QueuemarkError

HEADER_BYTES = 4
DEAL_ITEMS = 1000
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


@pytest.mark.parametrize("mechanism", ["tcp", "unix"])
def test_a_block_goes_to_every_consumer(mechanism: str) -> None:
    frames = 65536 // (HEADER_BYTES + 64)
    ran = Bare("stream_blocks", mechanism, 64, consumers=4).run(2 * frames)
    copies = 4 * 2 * frames
    assert (ran.messages, ran.sent, ran.bytes, ran.calls_sent) == (copies, copies, copies * (HEADER_BYTES + 64), 8)


@pytest.mark.parametrize("consumers", [1, 4])
@pytest.mark.parametrize("size_bytes", [2, 16, 1024])
@pytest.mark.parametrize("mechanism", ["dgram", "seqpacket"])
def test_every_datagram_between_unix_sockets_arrives(mechanism: str, size_bytes: int, consumers: int) -> None:
    ran = Bare("datagrams", mechanism, size_bytes, consumers).run(2345)
    assert (ran.messages, ran.sent, ran.calls_sent, ran.bytes) == (2345, 2345, 2345, 2345 * size_bytes)


@pytest.mark.parametrize("consumers", [1, 4])
def test_what_udp_loses_is_not_counted_as_arrived(consumers: int) -> None:
    ran = Bare("datagrams", "udp", 1024, consumers).run(3456)
    assert (ran.sent, ran.calls_sent, ran.bytes) == (3456, 3456, 3456 * 1024)
    assert 0 < ran.messages <= ran.sent
    assert 0 < ran.send_window_ns <= ran.window_ns


@pytest.mark.parametrize("mechanism", ["udp", "dgram", "seqpacket"])
def test_a_vector_is_one_call_for_many(mechanism: str) -> None:
    ran = Bare("datagrams", mechanism, 16, options=("--vector", "64")).run(640 + 1)
    assert (ran.sent, ran.calls_sent) == (641, 11)
    assert ran.messages == 641 or mechanism == "udp"
    ran = Bare("datagrams", mechanism, 16, 4, ("--vector", "64")).run(2 * DEAL_ITEMS)
    assert (ran.sent, ran.calls_sent) == (2000, 2 * -(-DEAL_ITEMS // 64))
    assert ran.messages == 2000 or mechanism == "udp"


@pytest.mark.parametrize("size_bytes", [16, 64])
@pytest.mark.parametrize(("program", "mechanism"), [("ring", "bare"), ("boost_spsc", "boost")])
def test_a_ring_carries_every_message_over_its_end_and_round(program: str, mechanism: str, size_bytes: int) -> None:
    items = 3 * (1 << 20) // size_bytes + 5
    bare = Bare(program, mechanism, size_bytes)
    try:
        ran = bare.run(items)
    except NotInstalled as missing:
        pytest.skip(str(missing))
    assert (ran.messages, ran.sent, ran.bytes, ran.calls_sent) == (items, items, items * size_bytes, 0)


def test_a_program_that_cannot_be_built_names_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SOURCES", "OUT"):
        monkeypatch.setattr(f"bench.bare.{name}", tmp_path / name)
        (tmp_path / name).mkdir()
    (tmp_path / "SOURCES" / "own.h").touch()
    (tmp_path / "SOURCES" / "queue.cpp").write_text(
        "// needs: no/such/header.hpp (plant a tree)\n#include <no/such/header.hpp>\n"
    )
    build()
    with pytest.raises(NotInstalled, match=r"queue needs no/such/header.hpp, .*: plant a tree"):
        Bare("queue", "any").run(10)


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
        (Bare("datagrams", "tcp"), "usage"),
        (Bare("datagrams", "udp", size_bytes=4), "usage"),
        (Bare("datagrams", "dgram", options=("--vector", "1025")), "usage"),
        (Bare("ring", "bare", consumers=2), "usage"),
        (Bare("ring", "bare", size_bytes=24), "16 or 64 bytes"),
        (Bare("each", "mq", options=("--depth", "0")), "usage"),
        (Bare("each", "mq", options=("--depth", "1000000")), "mq_open"),
    ],
)
def test_what_cannot_be_done_is_an_error_with_its_own_words(bare: Bare, said: str) -> None:
    with pytest.raises(QueuemarkError, match=said):
        bare.run(10)


@pytest.mark.parametrize(
    ("program", "mechanism", "consumers"),
    [("each", "tcp", 1), ("each", "mq", 3), ("datagrams", "udp", 4), ("ring", "bare", 1)],
)
def test_consumers_die_with_a_killed_producer(program: str, mechanism: str, consumers: int) -> None:
    command = Bare(program, mechanism, consumers=consumers).command(10**12)
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


@pytest.mark.parametrize("mechanism", ["mp-queue", "os-pipe", "queue"])
def test_the_bare_loop_of_python_makes_one_call_a_message(mechanism: str) -> None:
    ran = Bare("loop.py", mechanism, 64).run(500)
    wire_bytes = 64 + (HEADER_BYTES if mechanism == "os-pipe" else 0)
    assert (ran.messages, ran.sent, ran.calls_sent, ran.bytes) == (500, 500, 500, 500 * wire_bytes)
    assert 0 < ran.send_window_ns <= ran.window_ns
