"""Ctrl-C, and the signals that mean the same: once saves and ends, twice aborts."""

from __future__ import annotations

__all__ = ["asking_to_stop"]

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from queuemark.runners.stop import Stop

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def asking_to_stop(stop: Stop) -> Iterator[None]:
    """While inside: the first signal asks to stop, any later one raises KeyboardInterrupt at once.

    A signal that was ignored from the start (nohup) stays ignored.
    """

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.ask()

    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, ask) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
