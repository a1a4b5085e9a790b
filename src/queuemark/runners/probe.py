"""What a runner's probes say of this machine.

1. A runner without probes gives none, and so does one that fails or prints what cannot be read: probes explain
   results, they are not among them.
2. However long a runner takes, it ends with its deadline or a stop, and its whole process group with it.
"""

from __future__ import annotations

__all__ = ["PROBES_DEADLINE_S", "probe"]

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence

import msgspec

from queuemark.model.probe import Probe, ProbeEvent
from queuemark.runners.stop import Stop

PROBES_DEADLINE_S = 60.0
"""All of them take some seconds on a machine that has nothing else to do."""

_READ_BYTES = 65536
_decoder = msgspec.json.Decoder(ProbeEvent)


def probe(
    command: Sequence[str], *, stop: Stop, quick: bool = False, deadline_s: float = PROBES_DEADLINE_S
) -> list[Probe]:
    """The figures of one runner, in its order; quick: those that a session can afford, in some 2 s."""
    words = [*command, "probe", *(["--quick"] if quick else []), "--parent", str(os.getpid())]
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            close_fds=False,
            process_group=0,
            bufsize=0,
        )
    except OSError:
        return []
    try:
        said = _read(process, stop, time.monotonic() + deadline_s)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return [] if said is None else _figures(said)


def _read(process: subprocess.Popen[bytes], stop: Stop, deadline: float) -> bytes | None:
    """All that it prints until it closes its output; None when it was stopped or took too long."""
    assert process.stdout is not None
    said = b""
    with process.stdout as out, selectors.DefaultSelector() as selector:
        selector.register(out, selectors.EVENT_READ)
        selector.register(stop.fileno(), selectors.EVENT_READ)
        while True:
            ready = {key.fd for key, _ in selector.select(max(0.0, deadline - time.monotonic()))}
            if not ready or stop.fileno() in ready:
                return None
            data = os.read(out.fileno(), _READ_BYTES)
            if not data:
                return said
            said += data


def _figures(said: bytes) -> list[Probe]:
    try:
        return [_decoder.decode(line).figure() for line in said.splitlines()]
    except msgspec.MsgspecError:
        return []
