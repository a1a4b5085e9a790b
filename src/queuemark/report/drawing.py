"""Pictures drawn while the rest is made, by one process of their own: what draws holds the interpreter's lock.

    python -m queuemark.report.drawing    specifications in, {"svg": ...} or {"fault": ...} out, each a line

1. The process ends with its input, so it outlives nobody.
2. It takes half a second to begin, so whoever has something else to do first starts it before that.
3. It measures texts with the renderer's own fonts: a report's pictures have the same shape on every machine.
"""

from __future__ import annotations

__all__ = ["Drawing"]

import os
import re
import signal
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from queuemark.model.errors import QueuemarkError
from queuemark.views.picture import svg_text
from queuemark.views.theme import Spec

_ENDED = (
    "cannot draw the pictures: the process that draws them has ended; try again, or take --pictures none of Markdown"
)


class _Drawn(msgspec.Struct, frozen=True):
    svg: str = ""
    fault: str | None = None


class Drawing:
    """A context manager. Each picture has a name, letters, digits and hyphens, that no other of its page has."""

    def __init__(self) -> None:
        # What the current directory holds is no part of this program.
        command = [sys.executable, "-P", "-m", "queuemark.report.drawing"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "FONTCONFIG_FILE": str(Path(__file__).with_name("fonts.conf"))},
        )
        self._asking = ThreadPoolExecutor(max_workers=1)
        self._drawn: dict[str, Future[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        self._asking.shutdown(cancel_futures=True)
        self._process.communicate()

    def begin(self, name: str, spec: Spec) -> None:
        """Returns at once."""
        self._drawn[name] = self._asking.submit(self._ask, spec)

    def svg(self, name: str) -> str:
        """The picture that was begun, as an element that can stand in one page with the others.

        Raises: QueuemarkError when it cannot be drawn.
        """
        return _IDS.sub(rf"\g<1>{name}-", self._drawn[name].result())

    def _ask(self, spec: Spec) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(msgspec.json.encode(spec) + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError as error:
            raise QueuemarkError(_ENDED) from error
        if not line:
            raise QueuemarkError(_ENDED)
        drawn = msgspec.json.decode(line, type=_Drawn)
        if drawn.fault is not None:
            raise QueuemarkError(f"cannot draw a picture: {drawn.fault}; please report it")
        return drawn.svg


_IDS = re.compile(r'(\bid="|url\(#|href="#)')
"""Definitions inside an SVG are known by id, and ids are of the whole page: each picture gets its own."""


_NOTHING: Spec = {"title": {"text": "", "subtitle": []}, "config": {}, "data": {"values": []}, "mark": "point"}


def _draw(line: bytes) -> _Drawn:
    try:
        return _Drawn(svg=svg_text(msgspec.json.decode(line)))
    except ValueError as error:
        return _Drawn(fault=" ".join(str(error).split()))


def _serve() -> None:
    # Ctrl-C is the asking process's to answer; it closes the input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The first drawing takes half a second more than the next: it is over before there is anything to draw.
    svg_text(_NOTHING)
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(msgspec.json.encode(_draw(line)) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve()
