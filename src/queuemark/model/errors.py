"""What can go wrong, and the exit code that says so.

    QueuemarkError           1   an internal or I/O error
    ├── UsageError           2   the request cannot be understood or makes no sense
    │   ├── NotFound         2   the record has nothing of that name, or not for who asks
    │   ├── Conflict         2   the record already has something else of that name
    │   └── Withdrawn        2   it was in the record, and whoever submitted it took it back
    ├── NothingAvailable     3   nothing that was asked for can run here
    ├── NotProved            4   delivery was not proved in at least one trial
    ├── TooNoisy             5   the machine was too noisy (only with --strict)
    ├── Regression          10   an assertion or a comparison failed
    └── Interrupted        130   stopped by the user; what was finished is kept

A message says what was tried, on what, what the system answered, and what to do next, in one
line. Nothing below ``cli`` prints or exits. What is merely unavailable is a result, not an error.
"""

from __future__ import annotations

__all__ = [
    "Conflict",
    "Interrupted",
    "NotFound",
    "NotProved",
    "NothingAvailable",
    "QueuemarkError",
    "Regression",
    "TooNoisy",
    "UsageError",
    "Withdrawn",
    "nearest",
]

from collections.abc import Iterable
from difflib import get_close_matches


class QueuemarkError(Exception):
    """An error with one line for the user and an exit code for the shell."""

    exit_code = 1


class UsageError(QueuemarkError):
    exit_code = 2


class NotFound(UsageError):
    pass


class Conflict(UsageError):
    pass


class Withdrawn(UsageError):
    """withdrawn_at: ISO 8601, UTC."""

    def __init__(self, session_id: str, withdrawn_at: str) -> None:
        self.session_id = session_id
        self.withdrawn_at = withdrawn_at
        super().__init__(f"session {session_id} was withdrawn on {withdrawn_at[:10]}; nothing of it is kept")


class NothingAvailable(QueuemarkError):
    exit_code = 3


class NotProved(QueuemarkError):
    exit_code = 4


class TooNoisy(QueuemarkError):
    exit_code = 5


class Regression(QueuemarkError):
    exit_code = 10


class Interrupted(QueuemarkError):
    exit_code = 130


def nearest(name: str, known: Iterable[str]) -> str:
    """A half sentence that names the known word nearest to a mistyped one, or lists them all."""
    words = sorted(set(known))
    close = get_close_matches(name, words, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(words) or 'none'}"
