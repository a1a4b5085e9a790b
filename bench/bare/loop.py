"""A bare loop over the calls of one of Python's transports: what one writes to see how fast it is.

    python loop.py os-pipe --size 64 --items 100000 --warmup 1000

The ends are those of the laboratory's own transport, so the calls are the same; around them there is a loop that sends
one message again and again, a loop that receives and drops, and the clock. Nothing is made, numbered or looked at.
Roles are processes, or threads where the transport's are, pinned to the first and the second cpu. Prints one line of
JSON, as the bare programs in C do.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import threading
from collections.abc import Callable
from time import monotonic_ns
from typing import Any

from queuemark.runners.python.catalogue import Catalogue
from queuemark.runners.python.transport import Case, Transport

Tell = Callable[[Any], None]


def produce(transport: Transport, args: argparse.Namespace, start: Any, tell: Tell) -> None:
    pin(0)
    [send] = transport.open_producer()
    message = bytes(args.size)
    start.wait()
    for _ in range(args.warmup):
        send(message)
    start.wait()
    began_ns = monotonic_ns()
    for _ in range(args.items):
        send(message)
    tell(("producer", began_ns, monotonic_ns()))
    # Whoever leaves takes with it what its end still holds.
    start.wait()


def consume(transport: Transport, args: argparse.Namespace, start: Any, tell: Tell) -> None:
    pin(1)
    receive = transport.open_consumer(0)
    start.wait()
    for _ in range(args.warmup):
        receive()
    start.wait()
    for _ in range(args.items):
        receive()
    tell(("consumer", 0, monotonic_ns()))
    start.wait()


def pin(place: int) -> None:
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpus[place % len(cpus)]})


def run(kind: type[Transport], args: argparse.Namespace) -> list[tuple[str, int, int]]:
    """What both roles tell."""
    transport = kind(Case(1, args.size, kind.description().defaults()))
    if kind.roles == "threads":
        told: list[tuple[str, int, int]] = []
        barrier = threading.Barrier(2)
        threads = [
            threading.Thread(target=role, args=(transport, args, barrier, told.append)) for role in (consume, produce)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return told
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe(duplex=False)
    start = spawning.Barrier(2)
    roles = [
        spawning.Process(target=role, args=(transport, args, start, theirs.send), daemon=True)
        for role in (consume, produce)
    ]
    for role in roles:
        role.start()
    found = [ours.recv() for _ in roles]
    for role in roles:
        role.join()
    transport.forget()
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("mechanism")
    parser.add_argument("--consumers", type=int, choices=[1], default=1)
    for name in ("--size", "--items", "--warmup"):
        parser.add_argument(name, type=int, required=True)
    args = parser.parse_args()
    kind = Catalogue().load(args.mechanism)
    times = {role: (began_ns, ended_ns) for role, began_ns, ended_ns in run(kind, args)}
    began_ns, sent_ns = times["producer"]
    counted = {
        "messages": args.items,
        "window_ns": times["consumer"][1] - began_ns,
        "sent": args.items,
        "send_window_ns": sent_ns - began_ns,
        "bytes": args.items * (args.size + kind.frame_bytes),
        "calls_sent": args.items,
    }
    print(json.dumps(counted))


if __name__ == "__main__":
    main()
