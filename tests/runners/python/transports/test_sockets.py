"""pyzmq's and pynng's sockets lose nothing, however little room there is and whoever comes first."""

from __future__ import annotations

import os

import pytest

from tests.runners.python.test_trial import performed

ITEMS, CONSUMERS = 300, 2

WAYS = [
    ("pyzmq", "high_water_items=1", "over=tcp"),
    ("pyzmq", "high_water_items=1", "sockets=pub"),
    ("pyzmq", "high_water_items=1", "sockets=pub", "over=tcp"),
    ("pyzmq-inproc", "high_water_items=1"),
    ("pyzmq-inproc", "high_water_items=1", "sockets=pub"),
    ("pynng", "buffer_items=0", "over=tcp"),
    ("pynng", "buffer_items=0", "sockets=push"),
    ("pynng-inproc", "buffer_items=0", "sockets=push"),
]


def shape(name: str, pattern: str, *params: str) -> list[str]:
    said = [word for param in params for word in ("-P", param)]
    return [name, *said, "--pattern", pattern, "--consumers", str(CONSUMERS), "--items", str(ITEMS), "--warmup", "0"]


@pytest.mark.parametrize(("name", "params"), [(name, params) for name, *params in WAYS])
@pytest.mark.parametrize("pattern", ["share", "fanout"])
def test_a_full_socket_is_waited_for(name: str, params: list[str], pattern: str) -> None:
    module = "zmq" if name.startswith("pyzmq") else "pynng"
    pytest.importorskip(module, reason=f"{module} is not installed (pip install 'queuemark[python-queues]')")
    code, result, _ = performed(dict(os.environ), *shape(name, pattern, *params))
    assert (code, result["state"], result["lost"]) == (0, "ok", 0), result
    assert result["delivered"] == ITEMS * (CONSUMERS if pattern == "fanout" else 1)
    # PUB publishes once; other sockets are written to for each consumer.
    calls = ITEMS if pattern == "share" or "sockets=pub" in params else ITEMS * CONSUMERS
    assert result["producer"]["calls"] == calls
