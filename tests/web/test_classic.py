"""The largest session that a preset makes goes through the door, as it is sent."""

from __future__ import annotations

from itertools import product

import msgspec
import numpy as np
import pytest
import zstandard

from queuemark.model.latency import Latency
from queuemark.model.plan import Case
from queuemark.model.session import encode_session
from tests.examples import case, document, trial
from tests.histograms import histogram

ID = "c1" * 16
MECHANISMS = {
    "tcp": "tcp",
    "unix-stream": "unix-stream",
    "unix-dgram": "tcp",
    "udp": "tcp",
    "mq-posix": "mq-posix",
    "pipe": "pipe",
}
"""Each with one that messages are given to consumers like."""

SIZES = [2**power for power in range(13)]
CONSUMERS = [2**power for power in range(6)]
REPEATS = 3
ITEMS = 1_000_000
SAMPLES = 2000


@pytest.fixture(scope="module")
def classic() -> bytes:
    """Six mechanisms, 13 sizes, up to 32 consumers, three repeats; no two trials count or take the same."""
    draw = np.random.default_rng(5)
    cells = product(MECHANISMS, SIZES, CONSUMERS)
    every = [(of, _trials(of, draw)) for of in (_case(*cell) for cell in cells)]
    return encode_session(document(*every, id=ID))


def _case(mechanism: str, size_bytes: int, consumers: int) -> Case:
    like = case(MECHANISMS[mechanism], size_bytes=size_bytes, consumers=consumers, items=ITEMS)
    return msgspec.structs.replace(like, transport=mechanism)


def _trials(of: Case, draw: np.random.Generator) -> list:
    made = []
    for repeat in range(REPEATS):
        times = np.maximum(draw.lognormal(11, 0.8, size=SAMPLES), 1000).astype(int).tolist()
        latency = Latency(kind="one-way", every=64, histogram=histogram(times))
        window_ns = int(draw.integers(1_000_000_000, 5_000_000_000))
        made.append(trial(of, repeat, delivered=ITEMS, latency=latency, window_ns=window_ns, send_window_ns=window_ns))
    return made


def test_a_full_classic_session_goes_through(client, classic):
    packed = zstandard.compress(classic)
    assert len(classic) > client.app.state.settings.body_high_bytes > len(packed)
    headers = {"accept": "application/json", "content-encoding": "zstd"}
    answer = client.post("/sessions", content=packed, headers=headers)
    assert answer.status_code == 201, answer.text
    row = client.app.state.record.session_row(ID)
    assert row.cases == len(MECHANISMS) * len(SIZES) * len(CONSUMERS)
    assert row.trials == row.cases * REPEATS


def test_unpacked_it_is_too_large_and_the_answer_says_what_to_do(client, classic):
    answer = client.post("/sessions", content=classic, headers={"accept": "text/plain"})
    assert answer.status_code == 413
    assert "zstd" in answer.text
