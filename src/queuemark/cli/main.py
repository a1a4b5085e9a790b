"""Where the console script begins; it imports next to nothing before Ctrl-C is provided for.

1. Ctrl-C while Python is still importing ends with one line and 130, as it does later.
2. No file that is opened later takes the number of a standard stream that was closed before the start.
"""

from __future__ import annotations

__all__ = ["main"]

import os
import signal
import sys
from types import FrameType
from typing import NoReturn


def main(arguments: list[str] | None = None) -> NoReturn:
    """The console script: runs a command and exits with its code."""
    caught = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if caught:
        signal.signal(signal.SIGINT, _leave)
    _fill_closed_streams()
    from queuemark.cli.group import run

    if caught:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(run(arguments))


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    # An exception would come up in the midst of an import, and some of those are caught or only reported there.
    try:
        os.write(2, b"queuemark: interrupted\n")
    finally:
        os._exit(130)


def _fill_closed_streams() -> None:
    """sys.stdout stays None where it was closed: whoever prints is to know; sys.stderr becomes a drain."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the system takes the lowest number that is free
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)
