"""A request to stop that a signal handler can make and that a selector can wait for."""

from __future__ import annotations

__all__ = ["Stop"]

import os


class Stop:
    """Asked for at most once, never taken back; readable (as a file descriptor) from then on.

    An eventfd and not a flag alone: whoever sleeps in a selector wakes at once, whichever thread asks.
    """

    def __init__(self) -> None:
        self._eventfd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._asked = False

    @property
    def asked(self) -> bool:
        return self._asked

    def ask(self) -> None:
        """Safe to call from a Python signal handler, and more than once."""
        self._asked = True
        os.eventfd_write(self._eventfd, 1)

    def fileno(self) -> int:
        return self._eventfd

    def close(self) -> None:
        if self._eventfd >= 0:
            os.close(self._eventfd)
            self._eventfd = -1

    def __enter__(self) -> Stop:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
