"""What is posted is inflated within its bounds, whatever it was made of."""

from __future__ import annotations

import gzip

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient

from queuemark.web.app import create_app
from queuemark.web.body import Body, Waiting, inflated
from queuemark.web.problem import Refusal

PACK = {"gzip": gzip.compress, "zstd": zstandard.compress}
HIGH = 1 << 20


@given(content=st.binary(max_size=5000), coding=st.sampled_from(["", "identity", *PACK]))
def test_what_was_packed_comes_out(content, coding):
    assert inflated(Body(PACK.get(coding, bytes)(content), coding), HIGH) == content


@given(parts=st.lists(st.binary(max_size=600), min_size=1, max_size=5), coding=st.sampled_from([*PACK]))
def test_frames_one_after_the_other_are_one_body(parts, coding):
    assert inflated(Body(b"".join(map(PACK[coding], parts)), coding), HIGH) == b"".join(parts)


@given(content=st.binary(min_size=1, max_size=3000), coding=st.sampled_from([*PACK]), data=st.data())
def test_a_cut_body_is_refused(content, coding, data):
    packed = PACK[coding](content)
    with pytest.raises(Refusal) as refused:
        inflated(Body(packed[: data.draw(st.integers(0, len(packed) - 1))], coding), HIGH)
    assert refused.value.problem.status == 400


@given(junk=st.binary(max_size=2000), coding=st.sampled_from([*PACK]))
def test_junk_is_refused_or_is_a_body(junk, coding):
    try:
        inflated(Body(junk, coding), HIGH)
    except Refusal as refused:
        assert refused.problem.status in (400, 413)


@pytest.mark.parametrize("coding", PACK)
@pytest.mark.parametrize(("size", "fits"), [(HIGH, True), (HIGH + 1, False), (64 * HIGH, False)])
def test_the_bound_is_exact(coding, size, fits):
    body = Body(PACK[coding](bytes(size)), coding)
    if fits:
        assert len(inflated(body, HIGH)) == size
    else:
        with pytest.raises(Refusal) as refused:
            inflated(body, HIGH)
        assert refused.value.problem.status == 413


@pytest.mark.parametrize("coding", PACK)
def test_a_body_of_very_many_empty_frames_is_refused(coding):
    with pytest.raises(Refusal) as refused:
        inflated(Body(PACK[coding](b"") * 5000, coding), HIGH)
    assert refused.value.problem.status == 400


@pytest.mark.parametrize(("window_log", "fits"), [(26, True), (27, False)])
def test_a_frame_that_asks_for_much_memory_is_refused(window_log, fits):
    params = zstandard.ZstdCompressionParameters(window_log=window_log)
    packer = zstandard.ZstdCompressor(compression_params=params).compressobj()
    body = Body(packer.compress(b"little") + packer.flush(), "zstd")
    if fits:
        assert inflated(body, HIGH) == b"little"
    else:
        with pytest.raises(Refusal) as refused:
            inflated(body, HIGH)
        assert refused.value.problem.status == 400


def test_a_large_body_that_was_packed_in_one_go_comes_out():
    content = bytes(20 * HIGH)
    assert inflated(Body(zstandard.compress(content), "zstd"), 64 * HIGH) == content


def test_only_so_many_bytes_wait():
    waiting = Waiting(100)
    waiting.add(60)
    waiting.add(40)
    with pytest.raises(Refusal) as refused:
        waiting.add(1)
    assert refused.value.problem.status == 503 and refused.value.headers["retry-after"]
    waiting.free(60)
    waiting.add(60)


def test_what_was_refused_waits_no_more(settings):
    bounded = msgspec.structs.replace(settings, body_high_bytes=1000, waiting_high_bytes=1500)
    with TestClient(create_app(bounded), base_url="http://127.0.0.1") as client:
        for _ in range(5):
            assert client.post("/sessions", content=iter([b"{" * 600, b"{" * 600])).status_code == 413
            assert client.post("/sessions", content=b"{" * 900).status_code == 400
        assert client.post("/sessions", content=iter([b"{"])).status_code == 400
