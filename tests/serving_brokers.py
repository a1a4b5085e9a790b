"""Servers for tests that run a runner by itself: one of each kind and its settings for the whole run of the tests.

A server is nobody's child and in a session of its own: tests interrupt their process group, and look for children left
over. It ends with the process that asked for it, however that ends.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping
from functools import cache

import pytest

from queuemark.brokers.broker import BrokerUnavailable
from queuemark.brokers.registry import BROKERS, Servers
from queuemark.model.transport import ParamValue, Transport

__all__ = ["server_words"]

_ORPHANED = ("sh", "-c", 'setsid "$@" &', "sh")
_NONE = "no server:"


def server_words(transport: Transport, params: Mapping[str, ParamValue] | None = None) -> tuple[str, ...]:
    """What names a server on a runner's command line, for this transport with these parameters; nothing where it needs
    none."""
    broker, given = transport.facts.broker, {**transport.defaults(), **(params or {})}
    if broker is None:
        return ()
    return ("--server", _url(broker, tuple((name, given[name]) for name in BROKERS[broker].settings & {*given})))


@cache
def _url(broker: str, params: tuple[tuple[str, ParamValue], ...]) -> str:
    command = [*_ORPHANED, sys.executable, __file__, broker, json.dumps(dict(params)), str(os.getpid())]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as starting:
        assert starting.stdout is not None
        url = starting.stdout.readline().strip()
    if url.startswith(_NONE):
        pytest.skip(url)
    assert url, f"no server of the kind {broker} was started"
    return url


def serve(broker: str, params: dict[str, ParamValue], caller: int) -> None:
    """Serves until the caller has ended."""
    ended = os.pidfd_open(caller)
    try:
        serving = Servers().serve(broker, params)
    except BrokerUnavailable as error:
        print(f"{_NONE} {error}", flush=True)
        return
    with serving as server:
        print(server.url, flush=True)
        os.close(sys.stdout.fileno())
        select.select([ended], [], [])


if __name__ == "__main__":
    serve(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]))
    os._exit(0)  # what was printed to is closed
