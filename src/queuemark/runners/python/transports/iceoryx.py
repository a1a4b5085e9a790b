"""iceoryx2: samples in shared memory, of which subscribers get the places; nothing goes through the kernel.

A message is written into a sample that was lent, and copied out of it where it arrives. A service keeps what a
subscriber has not taken (no overflow), and a publisher tries again until there is room, so that nothing is lost. Who
receives looks again and again, sleeping a moment after some looks in vain: a subscriber has nothing to wait for.

iceoryx2 finds everything by names, and leaves some behind even where all ends well. Those of a trial begin with one of
its own and are removed when every end is open. A trial that was killed before leaves them to the next one, which sees
by a lock, gone with its holder, that they are nobody's any more.
"""

from __future__ import annotations

__all__ = ["Iceoryx"]

import ctypes
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from queuemark.model.transport import Param, ParamValue
from queuemark.runners.python.shared import Gate
from queuemark.runners.python.transport import Case, Receive, Send, Transport, Unavailable

_SHARED = Path("/dev/shm")
_NAME = "queuemark-iceoryx2-"
_CREATED_WITHIN_S = 30
"""Somebody who opens a service waits for the one who is creating it, and who may have to wait for a cpu."""

_SAMPLES_HIGH_BYTES = 64 << 20
_LOOKS, _NAP_S = 100, 20e-6

BUFFER = Param(
    name="buffer_items",
    unit="items",
    default=1024,
    low=1,
    high=65_536,
    help="messages that wait for a subscriber, fewer of large ones",
)


class Iceoryx(Transport):
    """A service for each consumer; in a fan-out one for all, whose publisher publishes once."""

    name = "iceoryx2"
    summary = "iceoryx2 with a publisher and a subscriber a consumer, in shared memory"
    dispatch = "deal"
    needs = "iceoryx2"
    params = (BUFFER,)

    def __init__(self, case: Case) -> None:
        self.largest_message_bytes = case.largest_bytes
        self.services, self.subscribers = (1, case.consumers) if case.fans_out else (case.consumers, 1)
        room_items = _SAMPLES_HIGH_BYTES // (case.largest_bytes * case.consumers)
        self.buffer_items = max(1, min(case.number("buffer_items"), room_items))
        self.subscribed, self.connected = Gate(), Gate()
        self.names, self.lock = _begun()
        self.kept: list[Any] = []
        """A port that nobody holds is closed."""

    @classmethod
    def missing(cls) -> Unavailable | None:
        if _SHARED.is_dir():
            return super().missing()
        return Unavailable(f"there is no {_SHARED}, where its names are removed from", "take shared-memory")

    def granted(self) -> dict[str, ParamValue]:
        return {"buffer_items": self.buffer_items}

    def forget(self) -> None:
        if "names" in vars(self):
            _remove(self.names)
            os.close(self.lock)
        super().forget()

    def open_producer(self) -> list[Send]:
        consumers = self.services * self.subscribers
        for _ in range(consumers):
            self.subscribed.pass_through()
        publishers = [self._publisher(index) for index in range(self.services)]
        self.connected.open(consumers)
        return [_sending(publisher.loan_slice_uninit, self.subscribers) for publisher in publishers]

    def open_consumer(self, index: int) -> Receive:
        service = self._service(index % self.services)
        subscriber = service.subscriber_builder().buffer_size(self.buffer_items).create()
        self.kept.append(subscriber)
        self.subscribed.open()
        self.connected.pass_through()
        # A publisher does not wait for room at a subscriber that has not looked yet.
        subscriber.has_samples()
        return _receiving(subscriber.receive)

    def _publisher(self, index: int) -> Any:
        iox2: Any = import_module("iceoryx2")
        publisher = (
            self._service(index)
            .publisher_builder()
            .initial_max_slice_len(self.largest_message_bytes)
            .allocation_strategy(iox2.AllocationStrategy.Static)
            .backpressure_strategy(iox2.BackpressureStrategy.RetryUntilDelivered)
            .max_loaned_samples(1)
            .create()
        )
        publisher.update_connections()
        self.kept.append(publisher)
        return publisher

    def _service(self, index: int) -> Any:
        iox2: Any = import_module("iceoryx2")
        return (
            self._node()
            .service_builder(iox2.ServiceName.new(f"consumer {index}"))
            .publish_subscribe(iox2.Slice[ctypes.c_uint8])
            .enable_safe_overflow(False)
            .history_size(0)
            .max_publishers(1)
            .max_subscribers(self.subscribers)
            .max_nodes(1 + self.subscribers)
            .subscriber_max_buffer_size(self.buffer_items)
            .subscriber_max_borrowed_samples(1)
            .open_or_create()
        )

    def _node(self) -> Any:
        iox2: Any = import_module("iceoryx2")
        # What goes wrong is raised; it would be printed besides.
        iox2.set_log_level(iox2.LogLevel.Fatal)
        config = iox2.config.default()
        config.global_cfg.root_path = iox2.Path.new(str(self.names))
        config.global_cfg.prefix = iox2.FileName.new(f"{self.names.name}.")
        config.global_cfg.creation_timeout = iox2.Duration.from_secs(_CREATED_WITHIN_S)
        building = iox2.NodeBuilder.new().config(config).signal_handling_mode(iox2.SignalHandlingMode.Disabled)
        node = building.create(iox2.ServiceType.Ipc)
        self.kept.append(node)
        return node


def _sending(lend: Any, subscribers: int) -> Send:
    write = ctypes.memmove

    def send(message: bytes) -> None:
        sample = lend(len(message))
        write(sample.payload_ptr, message, len(message))
        reached = sample.assume_init().send()
        if reached != subscribers:
            raise BrokenPipeError(f"it was given to {reached} of {subscribers} subscribers")

    return send


def _receiving(take: Any) -> Receive:
    read = ctypes.string_at

    def receive() -> bytes:
        while True:
            for _ in range(_LOOKS):
                sample = take()
                if sample is not None:
                    payload = sample.payload()
                    message = read(payload.data_ptr, payload.number_of_elements)
                    # It goes back at once: a subscriber may keep a single one.
                    sample.delete()
                    return message
            time.sleep(_NAP_S)

    return receive


def _begun() -> tuple[Path, int]:
    """A directory whose name begins all of a trial's names, and the lock on it; what killed trials left is removed.

    Raises: OSError.
    """
    with _alone():
        for left in _SHARED.glob(f"{_NAME}*/"):
            with suppress(OSError):
                os.close(_locked(left))
                _remove(left)
        names = Path(tempfile.mkdtemp(prefix=_NAME, dir=_SHARED))
        return names, _locked(names)


@contextmanager
def _alone() -> Iterator[None]:
    """Nobody else is between making its directory and locking it."""
    descriptor = os.open(_SHARED, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _locked(directory: Path) -> int:
    """Raises: OSError while somebody holds it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _remove(names: Path) -> None:
    """The directory last: without it nobody would look for the others."""
    for path in _SHARED.glob(f"{names.name}.*"):
        path.unlink(missing_ok=True)
    shutil.rmtree(names, ignore_errors=True)
