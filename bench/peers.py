"""Other people's tools for the same questions, run as ours are: the same cpus, sizes and socket options.

1. A tool that is missing is installed from Debian by root; for anybody else it is not installed, which is no failure.
2. Its server is waited for by what it prints, and ended with the measurement.
"""

from __future__ import annotations

__all__ = ["BLOCK_BYTES", "PIPE_LOOPS", "Peer", "iperf3", "sched_pipe", "sockperf_pingpong", "sockperf_throughput"]

import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.bare import NotInstalled
from queuemark.model.errors import QueuemarkError

TIMEOUT_S = 30
BLOCK_BYTES = 128 * 1024
"""What iperf3 writes and reads at a time over TCP."""

PIPE_LOOPS = 50_000


@dataclass(frozen=True)
class Peer:
    """program: its executable; package: Debian's. run: one measurement, a rate a second; command: what it runs."""

    program: str
    package: str
    run: Callable[[], float]
    command: str

    def require(self) -> None:
        """Raises: NotInstalled where it is missing and cannot be installed."""
        if shutil.which(self.program) is None and os.geteuid() == 0:
            for words in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", self.package]):
                subprocess.run(["apt-get", *words], capture_output=True, check=False, timeout=300)
        if shutil.which(self.program) is None:
            raise NotInstalled(f"{self.program} is not installed: apt-get install {self.package}")


def sockperf_pingpong(transport: str, size_bytes: int) -> Peer:
    """Round trips a second of a message of that size, over a connection with delay off (its default)."""
    client = _sockperf(transport, "pp", size_bytes)
    return Peer("sockperf", "sockperf", lambda: _of_sockperf(transport, client, _round_trips_per_s), " ".join(client))


def sockperf_throughput(transport: str, size_bytes: int) -> Peer:
    """Messages a second that the system accepted, delay on over TCP (its default); nobody counts what arrived."""
    client = _sockperf(transport, "tp", size_bytes)
    return Peer("sockperf", "sockperf", lambda: _of_sockperf(transport, client, _sent_per_s), " ".join(client))


def sched_pipe(placement: str) -> Peer:
    """Round trips a second of four bytes over two pipes; placement: ``same`` (one cpu) or ``free``."""
    pinned = ["taskset", "-c", str(_cpus()[0])] if placement == "same" else []
    command = [*pinned, "perf", "bench", "-f", "simple", "sched", "pipe", "-l", str(PIPE_LOOPS)]
    return Peer("perf", "linux-perf", lambda: PIPE_LOOPS / float(_said(command)), " ".join(command))


def iperf3() -> Peer:
    """Bytes a second that arrived over one TCP connection, in blocks of BLOCK_BYTES."""
    client = ["iperf3", "-c", "127.0.0.1", "-l", str(BLOCK_BYTES), "-t", "1", "-J", "-p"]

    def run() -> float:
        port = _free_port(socket.SOCK_STREAM)
        with _serving(["iperf3", "-s", "-1", "--forceflush", "-p", str(port)], "Server listening"):
            told = json.loads(_said(_on(0, [*client, str(port)])))
        return float(told["end"]["sum_received"]["bits_per_second"]) / 8

    return Peer("iperf3", "iperf3", run, " ".join(client[:-1]))


def _sockperf(transport: str, mode: str, size_bytes: int) -> list[str]:
    return ["sockperf", mode, *_protocol(transport), "-i", "127.0.0.1", "-m", str(size_bytes), "-t", "1"]


def _protocol(transport: str) -> list[str]:
    return ["--tcp"] if transport == "tcp" else []


def _of_sockperf(transport: str, client: Sequence[str], read: Callable[[str], float]) -> float:
    port = _free_port(socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM)
    server = ["sockperf", "sr", *_protocol(transport), "-i", "127.0.0.1", "-p", str(port)]
    with _serving(server, "to block on socket"):
        return read(_said(_on(0, [*client, "-p", str(port)])))


def _round_trips_per_s(said: str) -> float:
    found = re.search(r"\[Valid Duration\] RunTime=([\d.]+) sec; SentMessages=\d+; ReceivedMessages=(\d+)", said)
    if found is None:
        raise QueuemarkError(f"sockperf did not say how many messages came back: {said[-200:]}")
    return int(found[2]) / float(found[1])


def _sent_per_s(said: str) -> float:
    found = re.search(r"Total of (\d+) messages sent in ([\d.]+) sec", said)
    if found is None:
        raise QueuemarkError(f"sockperf did not say how many messages it sent: {said[-200:]}")
    return int(found[1]) / float(found[2])


def _cpus() -> list[int]:
    """Of the producer, and of the one consumer, as the placement ``spread`` has them."""
    allowed = sorted(os.sched_getaffinity(0))
    return [allowed[0], allowed[1 % len(allowed)]]


def _on(role: int, command: Sequence[str]) -> list[str]:
    return ["taskset", "-c", str(_cpus()[role]), *command]


def _said(command: Sequence[str]) -> str:
    """What it printed. Raises: QueuemarkError when it ended badly."""
    ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if ended.returncode != 0:
        said = (ended.stderr or ended.stdout).strip()[-200:]
        raise QueuemarkError(f"{' '.join(command)} ended with {ended.returncode}: {said}")
    return ended.stdout


@contextmanager
def _serving(command: Sequence[str], ready: str) -> Iterator[None]:
    """On the consumer's cpu, from when it says that it is ready until it is ended."""
    with subprocess.Popen(_on(1, command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            if not any(ready in line for line in server.stdout or ()):
                raise QueuemarkError(f"{' '.join(command)} ended before it was ready")
            yield
        finally:
            server.terminate()


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
