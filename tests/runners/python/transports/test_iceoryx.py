"""iceoryx2: a subscriber that is slow is waited for, and no name stays behind, whoever was killed before."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from queuemark.runners.python.transport import Case
from queuemark.runners.python.transports.iceoryx import Iceoryx, _sending
from tests.runners.python.test_trial import performed

MISSING = "iceoryx2 is not installed (pip install 'queuemark[python-queues]')"


@pytest.mark.parametrize("pattern", ["share", "fanout"])
def test_a_subscriber_without_room_is_waited_for(pattern: str) -> None:
    pytest.importorskip("iceoryx2", reason=MISSING)
    words = ("--pattern", pattern, "--consumers", "2", "--items", "300", "--warmup", "0")
    code, result, said = performed(dict(os.environ), "iceoryx2", "-P", "buffer_items=1", *words)
    assert (code, result["state"], result["lost"], said) == (0, "ok", 0, ""), (result, said)
    # A publisher of all publishes once.
    assert (result["producer"]["calls"], result["granted"]["buffer_items"]) == (300, 1)


def test_what_does_not_reach_every_subscriber_is_not_sent() -> None:
    place = ctypes.create_string_buffer(8)
    sample = SimpleNamespace(payload_ptr=ctypes.addressof(place), assume_init=lambda: SimpleNamespace(send=lambda: 1))
    _sending(lambda count: sample, 1)(b"arrives")
    with pytest.raises(BrokenPipeError, match="1 of 2 subscribers"):
        _sending(lambda count: sample, 2)(b"misses")


def test_large_messages_are_kept_in_smaller_numbers() -> None:
    pytest.importorskip("iceoryx2", reason=MISSING)
    words = ("--size", str(16 << 20), "--items", "3", "--warmup", "0")
    code, result, _ = performed(dict(os.environ), "iceoryx2", *words)
    assert (code, result["granted"]["buffer_items"]) == (0, 4), result


@pytest.fixture
def begun() -> Iterator[list[Iceoryx]]:
    """Trials that have names."""
    if not Path("/dev/shm").is_dir():
        pytest.skip("/dev/shm is not here")
    made: list[Iceoryx] = []
    yield made
    for transport in made:
        with suppress(OSError):
            transport.forget()


def test_names_of_a_killed_trial_are_removed_and_those_of_others_are_not(begun: list[Iceoryx]) -> None:
    case = Case(1, 64, {"buffer_items": 4})
    killed, running = Iceoryx(case), Iceoryx(case)
    begun += [running]
    left = Path(f"{killed.names}.segment")
    left.touch()
    os.close(killed.lock)
    begun.append(Iceoryx(case))
    assert not killed.names.exists()
    assert not left.exists()
    assert running.names.exists()


@pytest.mark.usefixtures("begun")
def test_names_are_gone_when_they_are_forgotten() -> None:
    transport = Iceoryx(Case(1, 64, {"buffer_items": 4}))
    names = transport.names
    Path(f"{names}.segment").touch()
    transport.forget()
    assert list(names.parent.glob(f"{names.name}*")) == []
    transport.forget()
