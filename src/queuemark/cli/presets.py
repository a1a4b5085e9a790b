"""The plans that have a name, as data: each is a list of sweeps whose cases are joined."""

from __future__ import annotations

__all__ = ["PRESETS", "Preset"]

import msgspec

from queuemark.cli.asked import Asked, merged


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """summary: one line for the help. sweeps: see cli.asked. repeats: fresh process trees a case.

    rate_sweep: percents of its ceiling that each case is offered, as --rate-sweep takes them; None: no walk.
    """

    summary: str
    sweeps: tuple[Asked, ...]
    repeats: int
    rate_sweep: str | None = None


_DURATION = "0.35"
_SIZES = "16,1k"

_QUICK = (
    # One call a message: what the mechanism itself costs; Nagle's delay changes TCP's answer fourfold.
    Asked(transports="tcp", sizes=_SIZES, consumers="1,4", duration=_DURATION, params={"nodelay": "0,1"}),
    Asked(transports="unix-stream,pipe,mq-posix", sizes=_SIZES, consumers="1,4", duration=_DURATION),
    Asked(transports="unix-seqpacket,unix-dgram,udp", sizes=_SIZES, consumers="1", duration=_DURATION),
    # Many messages a call, where boundaries are ours to draw.
    Asked(transports="tcp,unix-stream", sizes=_SIZES, consumers="1,4", policies="buffer:16k", duration=_DURATION),
    # With several consumers a pipe tears writes above 4096 bytes apart: gathered for one only.
    Asked(transports="pipe", sizes=_SIZES, consumers="1", policies="buffer:16k", duration=_DURATION),
    # And where the mechanism draws them.
    Asked(transports="unix-dgram", sizes="16", consumers="1", policies="vector:64", duration=_DURATION),
    # No call at all: written and read in place, told of one by one and 64 at a time.
    Asked(transports="shm-ring", sizes=_SIZES, consumers="1", policies="each,vector:64", duration=_DURATION),
    # Length and body in two calls, as many programs do it.
    Asked(transports="tcp", sizes="16", consumers="1", policies="split", duration=_DURATION),
    # Each message to every consumer.
    Asked(transports="tcp", sizes="16", consumers="4", patterns="fanout", policies="buffer:64k", duration=_DURATION),
    # What waiting and placement do to the same traffic.
    Asked(transports="tcp", sizes="16", consumers="1", waits="spin", duration=_DURATION, params={"nodelay": "0,1"}),
    Asked(transports="unix-stream", sizes="16", consumers="1", waits="spin-then-block", duration=_DURATION),
    Asked(transports="unix-stream", sizes="16", consumers="1", placements="same,free", duration=_DURATION),
)


def _mechanisms(sweeps: tuple[Asked, ...]) -> int:
    return len({name for sweep in sweeps for name in (sweep.transports or "").split(",")})


QUICK = Preset(
    summary=f"{_mechanisms(_QUICK)} mechanisms, two sizes, 1 and 4 consumers, in about a minute",
    repeats=3,
    sweeps=_QUICK,
)

_CLASSIC = Asked(sizes="1..4096", consumers="1..32", items="1M")

CLASSIC = Preset(
    summary="the original sweep: 1,000,000 messages of 1 to 4096 bytes to 1 to 32 consumers, in some 90 minutes",
    repeats=3,
    sweeps=(
        # Length and body in two calls, a thousand messages to each connection in turn, Nagle's delay on.
        merged(_CLASSIC, Asked(transports="tcp", policies="split", params={"deal_items": "1000", "nodelay": "0"})),
        merged(_CLASSIC, Asked(transports="unix-stream", policies="split", params={"deal_items": "1000"})),
        # Datagrams keep their boundaries: one call is enough.
        merged(_CLASSIC, Asked(transports="unix-dgram,udp", policies="each", params={"deal_items": "1000"})),
        # One queue that all consumers take from.
        merged(_CLASSIC, Asked(transports="mq-posix,pipe", policies="each")),
    ),
)

_FRONT = Asked(sizes="64", consumers="1", duration="300ms")

FRONT = Preset(
    summary="delivered rate against p99 for each way to gather messages, at several loads, in some 8 minutes",
    repeats=3,
    rate_sweep="25,50,80",
    sweeps=(
        merged(_FRONT, Asked(policies="each,vector:4,vector:16,vector:64,vector:256")),
        # Until a buffer is full, or for so long: what waiting for company costs and brings.
        merged(_FRONT, Asked(policies="buffer:1k,buffer:16k,buffer:256k", linger_us="0,50,1000")),
    ),
)

_QUEUES = Asked(sizes="64", consumers="1,4", duration="300ms")

_BETWEEN_PROCESSES = (
    "mp-queue,mp-simple-queue,mp-pipe,mp-pipe-bytes,faster-fifo,os-pipe,python:socketpair,asyncio-streams,shared-memory,"
    "posix-ipc,pyzmq,pynng,iceoryx2"
)
_WITHIN_A_PROCESS = "queue,simple-queue,asyncio-queue,pyzmq-inproc,pynng-inproc"
_OVER_A_SERVER = "nats-py,redis-list,redis-stream,redis-pubsub"
"""Of servers those that start at once: others take longer for that than all of this."""

PYTHON_QUEUES = Preset(
    summary="Python's queues, pipes and sockets side by side, native ones beside them, in some 4 minutes",
    repeats=3,
    sweeps=(
        merged(_QUEUES, Asked(transports=f"{_BETWEEN_PROCESSES},{_WITHIN_A_PROCESS},{_OVER_A_SERVER}")),
        # Another event loop under the same code.
        merged(_QUEUES, Asked(transports="asyncio-queue,asyncio-streams", consumers="1", params={"loop": "uvloop"})),
        # Many messages a call, where a call takes so many; and each of its two parts by a call of its own.
        merged(_QUEUES, Asked(transports="faster-fifo", policies="vector:64")),
        merged(_QUEUES, Asked(transports="os-pipe,python:socketpair", consumers="1", policies="buffer:16k")),
        merged(_QUEUES, Asked(transports="python:socketpair", consumers="1", params={"read_buffer_bytes": "0"})),
        # What it costs that a message is an object.
        merged(_QUEUES, Asked(transports="mp-queue", consumers="1", payloads="pickle:dict,pickle:numpy")),
        # The same mechanisms without Python.
        merged(_QUEUES, Asked(transports="tcp,unix-stream,pipe,mq-posix,shm-ring")),
        merged(_QUEUES, Asked(transports="unix-stream,pipe", consumers="1", policies="buffer:16k")),
    ),
)

PRESETS: dict[str, Preset] = {"quick": QUICK, "classic": CLASSIC, "front": FRONT, "python-queues": PYTHON_QUEUES}
