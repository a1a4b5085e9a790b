"""How two ends that find each other by an address do so: a consumer listens wherever it can, and says where.

No address is chosen before somebody has it: a port that was free a moment ago may be another one's by now.
"""

from __future__ import annotations

__all__ = ["Rendezvous", "abstract_name"]

import multiprocessing
import os


class Rendezvous:
    """Goes along to every role of a trial."""

    def __init__(self, consumers: int) -> None:
        self._pipes = [multiprocessing.get_context("spawn").Pipe(duplex=False) for _ in range(consumers)]

    def tell(self, index: int, address: str) -> None:
        """In a consumer's role: it is ready to be found there."""
        self._pipes[index][1].send(address)

    def addresses(self) -> list[str]:
        """In the producer's role: of all consumers, once each has told its own."""
        return [str(ours.recv()) for ours, _ in self._pipes]


def abstract_name(index: int) -> str:
    """Of a consumer's abstract Unix socket: a name that is no file, and is gone with the socket."""
    return f"queuemark-{os.getpid()}-{index}"
