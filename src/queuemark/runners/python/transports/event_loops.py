"""Which event loop a transport runs in: asyncio's own, or uvloop's."""

from __future__ import annotations

__all__ = ["LOOP", "EitherLoop"]

import asyncio
from importlib.util import find_spec

from queuemark.model.transport import Param
from queuemark.runners.python.transport import AsyncTransport, Case, Unavailable

LOOP = Param(
    name="loop",
    unit="choice",
    default="asyncio",
    choices=["asyncio", "uvloop"],
    help="whose event loop: asyncio's own, or uvloop",
)


class EitherLoop(AsyncTransport):
    """A mechanism that runs in the event loop that the parameter names."""

    def __init__(self, case: Case) -> None:
        self.loop_kind = case.params[LOOP.name]

    @classmethod
    def check_case(cls, case: Case) -> None:
        if case.params[LOOP.name] == "uvloop" and find_spec("uvloop") is None:
            raise Unavailable("the module uvloop is not installed", "python -m pip install 'queuemark[python-queues]'")

    def loop(self) -> asyncio.AbstractEventLoop:
        if self.loop_kind == "asyncio":
            return asyncio.new_event_loop()
        import uvloop

        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        return loop
