"""pyzmq's and pynng's sockets lose nothing, however little room there is and whoever comes first."""

from __future__ import annotations

import os

import pytest

from tests.runners.python.test_trial import performed

ITEMS, CONSUMERS = 300, 2

WAYS = [
    ("pyzmq", "share", "high_water_items=1", "over=tcp"),
    ("pyzmq", "share", "high_water_items=1", "sockets=pub"),
    ("pyzmq", "fanout", "high_water_items=1", "sockets=pub"),
    ("pyzmq", "fanout", "high_water_items=1", "sockets=pub", "over=tcp"),
    ("pyzmq-inproc", "share", "high_water_items=1"),
    ("pyzmq-inproc", "fanout", "high_water_items=1", "sockets=pub"),
    ("pynng", "share", "buffer_items=0", "over=tcp"),
    ("pynng", "fanout", "buffer_items=0", "sockets=push"),
    ("pynng-inproc", "share", "buffer_items=0", "sockets=push"),
]


def shape(name: str, pattern: str, *params: str) -> list[str]:
    said = [word for param in params for word in ("-P", param)]
    return [name, *said, "--pattern", pattern, "--consumers", str(CONSUMERS), "--items", str(ITEMS), "--warmup", "0"]


@pytest.mark.parametrize(("name", "pattern", "params"), [(name, pattern, params) for name, pattern, *params in WAYS])
def test_a_full_socket_is_waited_for(name: str, pattern: str, params: list[str]) -> None:
    module = "zmq" if name.startswith("pyzmq") else "pynng"
    pytest.importorskip(module, reason=f"{module} is not installed (pip install 'queuemark[python-queues]')")
    code, result, _ = performed(dict(os.environ), *shape(name, pattern, *params))
    assert (code, result["state"], result["lost"]) == (0, "ok", 0), result
    assert result["delivered"] == ITEMS * (CONSUMERS if pattern == "fanout" else 1)
    # PUB publishes once; other sockets are written to for each consumer.
    calls = ITEMS if pattern == "share" or "sockets=pub" in params else ITEMS * CONSUMERS
    assert result["producer"]["calls"] == calls
