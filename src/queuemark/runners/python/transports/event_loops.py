"""Which event loop a transport runs in: asyncio's own, or uvloop's."""

from __future__ import annotations

__all__ = ["LOOP", "new_loop"]

import asyncio
from importlib.util import find_spec

from queuemark.model.transport import Param, ParamValue
from queuemark.runners.python.transport import Unavailable

LOOP = Param(
    name="loop",
    unit="choice",
    default="asyncio",
    choices=["asyncio", "uvloop"],
    help="whose event loop: asyncio's own, or uvloop",
)


def new_loop(kind: ParamValue) -> asyncio.AbstractEventLoop:
    """Raises: Unavailable where uvloop is not installed."""
    if kind == "asyncio":
        return asyncio.new_event_loop()
    if find_spec("uvloop") is None:
        raise Unavailable("the module uvloop is not installed", "python -m pip install 'queuemark[python-queues]'")
    import uvloop

    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
