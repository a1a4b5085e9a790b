"""Objects that hold a message give it back whole, whichever they are and whoever pickles them."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.model.transport import PAYLOADS
from queuemark.runners.python.catalogue import Catalogue
from queuemark.runners.python.transports.payloads import HANDED_OVER, PICKLED, Objects

KINDS = st.sampled_from(PAYLOADS)
TYPES = {"bytes": bytes, "dict": dict, "numpy": np.ndarray}


def there_and_back(objects: Objects, messages: Sequence[bytes], way: str) -> tuple[list[Any], list[bytes]]:
    """What was put, and what was received; way: one by one, many at once, awaited."""
    put: list[Any] = []
    if way == "many":
        objects.sending_many(put.extend)(messages)
        return put, list(objects.receiving_many(lambda most: put[:most])(len(messages)))
    send = objects.sending(put.append)
    for message in messages:
        send(message)
    left = iter(put)
    if way == "each":
        receive = objects.receiving(lambda: next(left))
        return put, [receive() for _ in messages]

    async def get() -> Any:
        return next(left)

    async def received() -> list[bytes]:
        awaited = objects.receiving_awaited(get)
        return [await awaited() for _ in messages]

    return put, asyncio.run(received())


@given(KINDS, st.booleans(), st.lists(st.binary(max_size=80), max_size=5), st.sampled_from(["each", "many"]))
def test_every_message_comes_back(kind: str, pickling: bool, messages: list[bytes], way: str) -> None:
    _, received = there_and_back(Objects(kind, pickling=pickling), messages, way)
    assert received == messages
    assert {type(message) for message in received} <= {bytes}


@pytest.mark.parametrize("kind", PAYLOADS)
def test_what_is_awaited_comes_back_too(kind: str) -> None:
    _, received = there_and_back(Objects(kind, pickling=False), [b"one", b""], "awaited")
    assert received == [b"one", b""]


@pytest.mark.parametrize("way", ["each", "many"])
@pytest.mark.parametrize("kind", PAYLOADS)
def test_what_is_put_is_what_is_said(kind: str, way: str) -> None:
    pickled, _, name = kind.rpartition(":")
    [held], _ = there_and_back(Objects(kind, pickling=False), [b"message"], way)
    assert isinstance(pickle.loads(held) if pickled else held, TYPES[name])
    [held], _ = there_and_back(Objects(kind, pickling=True), [b"message"], way)
    assert isinstance(held, TYPES[name])


def test_what_takes_objects_offers_each_of_them() -> None:
    offered = {transport.name: transport.payloads for transport in Catalogue({}).describe_all()}
    for name in ("mp-queue", "mp-simple-queue", "mp-pipe", "faster-fifo"):
        assert offered[name] == PICKLED.choices == ["bytes", "pickle:dict", "pickle:numpy"]
    for name in ("queue", "simple-queue", "asyncio-queue"):
        assert offered[name] == HANDED_OVER.choices == list(PAYLOADS)
    assert offered["mp-pipe-bytes"] == offered["os-pipe"] == ["bytes"]
