"""What a database answers instead of doing as asked, in one line that says what to do next."""

from __future__ import annotations

__all__ = ["explained"]

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from sqlalchemy.exc import DatabaseError
from sqlalchemy.exc import TimeoutError as NoneFree

from queuemark.model.errors import QueuemarkError

_ANOTHER = "set QUEUEMARK_DATA_DIR to another directory"

# By a word of what was said; the first that is found counts.
_OF_SQLITE = (
    ("full", f"free some space or {_ANOTHER}"),
    ("disk i/o", f"check the disk and its free space, or {_ANOTHER}"),
    ("readonly", f"make the file and its directory writable or {_ANOTHER}"),
    ("unable to open", f"make the file and its directory writable or {_ANOTHER}"),
    ("locked", "another process holds it; wait for it to end and try again"),
    ("not a database", f"move the file away or {_ANOTHER}"),
    ("malformed", f"move the file away or {_ANOTHER}"),
)
_OF_POSTGRES = (
    ("password", "correct the user and the password in the address, or in ~/.pgpass"),
    ("authentication failed", "correct the user in the address, or what the server's pg_hba.conf allows"),
    ("role", "correct the user in the address, or make it: createuser NAME"),
    ("database", "correct the name in the address, or make it: createdb NAME"),
    ("starting up", "try again in a moment"),
    ("too many", "let the server take more connections (max_connections), or others fewer"),
    ("connection", "start the server, or correct the address"),
    ("timeout", "start the server, or correct the address"),
    ("permission denied", "make the user the owner of the database"),
    ("extend file", "free some space where the server keeps its data"),
    ("no space", "free some space where the server keeps its data"),
)


@contextmanager
def explained(tried: str, where: str) -> Iterator[None]:
    """Turns what the database answers into one line: what was tried, where, the system's words and the remedy.

    So it does with a document that this version cannot read: the tables stay, what is kept in them may grow.
    """
    try:
        yield
    except msgspec.ValidationError as error:
        raise QueuemarkError(
            f"cannot {tried} in the database {where}: another version of queuemark stored it ({error}); "
            f"update queuemark or {_ANOTHER}"
        ) from error
    except NoneFree as error:
        raise QueuemarkError(
            f"cannot {tried} in the database {where}: all connections are in use; try again in a moment"
        ) from error
    except DatabaseError as error:
        said = " ".join(str(error.orig).split())
        raise QueuemarkError(f"cannot {tried} in the database {where}: {said}; {_remedy(error, said)}") from error


def _remedy(error: DatabaseError, said: str) -> str:
    if type(error.orig).__module__.startswith("psycopg"):
        return next((remedy for word, remedy in _OF_POSTGRES if word in said.lower()), "see the server's log")
    remedy = next((remedy for word, remedy in _OF_SQLITE if word in said.lower()), f"check the file or {_ANOTHER}")
    bounded = resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY
    if bounded and ("full" in said or "disk I/O" in said):
        return f"raise the limit of file size (ulimit -f), or {remedy}"
    return remedy
