"""What goes through an interface that takes objects: the message's bytes, or an object that holds them."""

from __future__ import annotations

__all__ = ["PAYLOAD", "receiving", "sending"]

from collections.abc import Callable
from typing import Any

from queuemark.model.transport import Param, ParamValue
from queuemark.runners.python.transport import Receive, Send

PAYLOAD = Param(
    name="payload",
    unit="choice",
    default="bytes",
    choices=["bytes", "dict", "numpy"],
    help="what is pickled: the bytes, a dictionary with two entries, or an array of numpy",
)


def sending(put: Callable[[Any], object], payload: ParamValue) -> Send:
    """put: takes any object. What becomes of the message is part of what is measured."""
    if payload == "dict":
        return lambda message: put({"length": len(message), "body": message})
    if payload == "numpy":
        import numpy as np

        return lambda message: put(np.frombuffer(message, dtype=np.uint8))
    return put


def receiving(get: Callable[[], Any], payload: ParamValue) -> Receive:
    """get: returns what was put."""
    if payload == "dict":
        return lambda: bytes(get()["body"])
    if payload == "numpy":
        return lambda: bytes(get().tobytes())
    return get
