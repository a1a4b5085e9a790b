"""os.pipe: written by os.write, read as a file."""

from __future__ import annotations

__all__ = ["OsPipe"]

import os
from functools import partial
from io import FileIO

from queuemark.runners.python.byte_stream import ByteStream, Write
from queuemark.runners.python.transport import Case, Descriptor


class OsPipe(ByteStream):
    """A pipe for each consumer."""

    name = "os-pipe"
    summary = "os.pipe with os.write and a buffered reader, one a consumer"

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self.pipes = [tuple(map(Descriptor, os.pipe())) for _ in range(case.consumers)]

    def open_writers(self) -> list[Write]:
        return [partial(os.write, into.number) for _, into in self.pipes]

    def open_reader(self, index: int) -> FileIO:
        return FileIO(self.pipes[index][0].number)
