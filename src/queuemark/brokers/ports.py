"""A free port of the loopback interface, for a server that cannot choose one by itself."""

from __future__ import annotations

__all__ = ["started_on_free_port"]

import re
import socket
from collections.abc import Callable

from queuemark.brokers.program import Program

_TRIES = 5


def started_on_free_port(
    start: Callable[[int], Program], ready: re.Pattern[str], taken: re.Pattern[str], timeout_s: float
) -> tuple[Program, int]:
    """A program that has said that it is ready, and its port; another port when somebody else was faster.

    Raises: BrokerUnavailable.
    """
    tries = 0
    while True:
        tries += 1
        port = _free_port()
        program = start(port)
        try:
            program.await_words((ready,), timeout_s)
            return program, port
        except BaseException:
            late = program.has_said(taken)
            program.end()
            if not late or tries == _TRIES:
                raise


def _free_port() -> int:
    """Whoever binds it first has it."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
        return port
