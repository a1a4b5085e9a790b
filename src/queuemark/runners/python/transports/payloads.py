"""What goes through an interface that takes objects: the message's bytes, or an object that holds them.

What ``pickle:`` stands before is pickled and opened again: by the mechanism, where it does that with whatever it is
given, else on its way in and out. Without it an object is handed over as it is, as only a queue within a process can.
"""

from __future__ import annotations

__all__ = ["HANDED_OVER", "PICKLED", "Objects"]

import pickle
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

from queuemark.model.transport import PAYLOAD, PAYLOADS, Param, ParamValue
from queuemark.runners.python.transport import AsyncReceive, Receive, ReceiveMany, SendMany

Way = tuple[Callable[[bytes], Any], Callable[[Any], bytes]]
"""From a message to the object, and back."""

PICKLED = Param(
    name=PAYLOAD,
    unit="choice",
    default="bytes",
    choices=[kind for kind in PAYLOADS if kind == "bytes" or kind.startswith("pickle:")],
    help="what the queue pickles: the bytes, a dictionary with two entries, or an array of numpy",
)

HANDED_OVER = Param(
    name=PAYLOAD,
    unit="choice",
    default="bytes",
    choices=[*PAYLOADS],
    help="what is handed over: the bytes, a dictionary with two entries, an array of numpy, or one of these pickled",
)


class Objects:
    """What becomes of messages; that work is part of what is measured.

    kind: a value of the parameter. pickling: the mechanism pickles whatever it is given.
    """

    def __init__(self, kind: ParamValue, *, pickling: bool) -> None:
        self._pickled, _, self._name = str(kind).rpartition(":")
        self._pickling = pickling

    def sending(self, put: Callable[[Any], Any]) -> Callable[[bytes], Any]:
        """put: takes any object, and may return what is awaited."""
        way = self._way()
        if way is None:
            return put
        wrap, _ = way
        return lambda message: put(wrap(message))

    def receiving(self, get: Callable[[], Any]) -> Receive:
        """get: returns what was put."""
        way = self._way()
        if way is None:
            return get
        _, unwrap = way
        return lambda: unwrap(get())

    def receiving_awaited(self, get: Callable[[], Awaitable[Any]]) -> AsyncReceive:
        """The same of what is awaited."""
        way = self._way()
        if way is None:
            return get
        _, unwrap = way

        async def receive() -> bytes:
            return unwrap(await get())

        return receive

    def sending_many(self, put_many: Callable[[Sequence[Any]], object]) -> SendMany:
        """put_many: takes several objects by one call."""
        way = self._way()
        if way is None:
            return put_many
        wrap, _ = way
        return lambda messages: put_many(list(map(wrap, messages)))

    def receiving_many(self, get_many: Callable[[int], Sequence[Any]]) -> ReceiveMany:
        """get_many: returns several of those that were put."""
        way = self._way()
        if way is None:
            return get_many
        _, unwrap = way
        return lambda most: list(map(unwrap, get_many(most)))

    def _way(self) -> Way | None:
        """None where the bytes themselves go through."""
        if self._name == "bytes":
            return None
        way = _DICT if self._name == "dict" else _array()
        return _through_pickle(way) if self._pickled and not self._pickling else way


_DICT: Way = (lambda message: {"length": len(message), "body": message}, itemgetter("body"))


def _array() -> Way:
    import numpy as np

    return partial(np.frombuffer, dtype=np.uint8), lambda array: bytes(array.tobytes())


def _through_pickle(way: Way) -> Way:
    wrap, unwrap = way
    return lambda message: pickle.dumps(wrap(message)), lambda pickled: unwrap(pickle.loads(pickled))
