"""Every session of a record, one a line, into a file that is there whole or not at all."""

from __future__ import annotations

__all__ = ["export_all"]

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from queuemark.cli.output import stream
from queuemark.model.errors import UsageError

_LEVEL = 10
"""Of zstd: it is written once a night and fetched often."""


def export_all(database: str | None, target: str) -> None:
    """database: an address, see ``queuemark.store.opening``; None: what is stored here.

    Raises: UsageError where nothing is stored; QueuemarkError when the database or the file refuses.
    """
    from queuemark.model.session import encode_session
    from queuemark.store import data_directory
    from queuemark.store.directory import existing_database
    from queuemark.store.record import Record

    if database is None and existing_database() is None:
        raise UsageError(f"no session is stored in {data_directory()} yet; measure with: queuemark run")
    with Record.open(database) as record, stream(target) as file, _packed(file, target) as packed:
        for document in record.dump():
            packed.write(encode_session(document))


@contextmanager
def _packed(file: BinaryIO, target: str) -> Iterator[BinaryIO]:
    """As the ending of the file's name asks."""
    if target.endswith(".zst"):
        import zstandard

        with zstandard.ZstdCompressor(level=_LEVEL).stream_writer(file, closefd=False) as packed:
            yield cast(BinaryIO, packed)
    elif target.endswith(".gz"):
        # Without name and time, so that the same record makes the same file.
        with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
            yield cast(BinaryIO, packed)
    else:
        yield file
