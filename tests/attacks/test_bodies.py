"""Bodies that are too much: refused before they are read whole, in bounded memory, while others are served.

The bounds are those of the contract with submitters: 4 MB as sent, 64 MB inflated.
"""

from __future__ import annotations

import gzip
import re
import threading
import zlib
from collections.abc import Iterator
from functools import cache
from time import monotonic

import httpx
import pytest
import zstandard

from tests.attacks.wire import ANSWER_S, answer_of, connected, exchanged, resident_bytes
from tests.serving import Site
from tests.submissions import encoded, golden

GIGABYTE = 1 << 30
SENT_HIGH = 4 << 20
GROWTH_HIGH = 80 << 20

IN_FLIGHT_HIGH = 24 << 20
"""What the two kernels' socket buffers hold beside what the server has read."""

POSTS = ("/sessions", "/api/sessions", "/platforms")


def head(site: Site, path: str, *more: str) -> bytes:
    """Of a submission, up to the empty line; more: its further fields."""
    kind = "application/xml" if path == "/platforms" else "application/json"
    fields = [f"Host: {site.url.removeprefix('http://')}", f"Content-Type: {kind}", "Accept: application/json", *more]
    return "\r\n".join([f"POST {path} HTTP/1.1", *fields, "Connection: close", "", ""]).encode()


@pytest.fixture(autouse=True)
def _memory_is_bounded_and_others_are_served(site: Site) -> Iterator[None]:
    site.submit(encoded(golden()))
    before = resident_bytes(site)
    yield
    assert resident_bytes(site) - before < GROWTH_HIGH
    assert site.client.get("/health").status_code == 200


@pytest.mark.parametrize("path", POSTS)
def test_a_gigabyte_in_chunks_is_refused_early(site: Site, path: str) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    sent = 0
    with connected(site) as line:
        line.sendall(head(site, path, "Transfer-Encoding: chunked"))
        try:
            while sent < GIGABYTE:
                line.sendall(chunk)
                sent += 0x10000
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = answer_of(line)
    assert sent < SENT_HIGH + IN_FLIGHT_HIGH
    assert answer.status in (413, 0)


@pytest.mark.parametrize("path", POSTS)
def test_a_body_of_one_byte_too_many_is_answered_with_413(site: Site, path: str) -> None:
    with connected(site) as line:
        line.sendall(head(site, path, f"Content-Length: {5 << 20}", "Expect: 100-continue"))
        answer = answer_of(line)
    assert answer.status == 413
    assert b'"status":413' in answer.body.replace(b" ", b"")


@cache
def bomb(encoding: str) -> bytes:
    """Some kilobytes that inflate to a gigabyte of blanks; to a quarter of it where packing takes longer."""
    if encoding == "nested gzip":
        return gzip.compress(bomb("gzip"))
    packer = zstandard.ZstdCompressor(level=1).compressobj() if encoding == "zstd" else zlib.compressobj(9, wbits=31)
    pieces = 1024 if encoding == "zstd" else 256
    packed = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(pieces)) + packer.flush()
    assert len(packed) < SENT_HIGH
    return packed


@pytest.mark.parametrize("path", ["/sessions", "/platforms"])
@pytest.mark.parametrize("encoding", ["gzip", "zstd", "nested gzip"])
def test_a_small_body_that_inflates_to_much_is_refused(site: Site, path: str, encoding: str) -> None:
    kind = "application/xml" if path == "/platforms" else "application/json"
    headers = {"Content-Encoding": encoding.split()[-1], "Content-Type": kind}
    answer = site.client.post(path, content=bomb(encoding), headers=headers)
    # What is inside of the outer of two layers is short, but no session.
    assert answer.status_code in ((400, 422) if encoding == "nested gzip" else (413,))


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("gzip", b"not gzip at all", 400),
        ("gzip", gzip.compress(b"{}", mtime=0)[:-6], 400),
        ("zstd", b"\x28\xb5\x2f\xfd broken", 400),
        ("zstd", zstandard.compress(b"{}" * 100)[:-3], 400),
        ("br", b"{}", 415),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0), 415),
    ],
)
def test_a_broken_or_unknown_encoding_says_so(site: Site, encoding: str, body: bytes, status: int) -> None:
    answer = site.client.post("/api/sessions", content=body, headers={"Content-Encoding": encoding})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")


DOCUMENTS = {
    "empty": b"",
    "bad UTF-8": b'{"schema": "\xff\xfe"}',
    "NaN": b'{"schema": NaN}',
    "infinity": b'{"schema": 1e999}',
    "negative infinity": b'{"schema": -Infinity}',
    "lone surrogate": b'{"schema": "\\ud800"}',
    "arrays within arrays": b"[" * 1_000_000,
    "objects within objects": b'{"schema":' * 300_000,
    "closed arrays within arrays": b"[" * 500_000 + b"]" * 500_000,
    "a number of a million digits": b'{"schema": ' + b"9" * 1_000_000 + b"}",
    "a null byte": b'{"schema": 1}\x00',
    "two documents": b"{}{}",
    "hundreds of thousands of members": b"{" + b",".join(b'"%d":0' % each for each in range(300_000)) + b"}",
    "a member twice": b'{"schema": 1, "schema": 1, "session": {}, "cases": []}',
    "not an object": b'"session"',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "HTML": b"<!doctype html><script>alert(1)</script>",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_no_session_is_refused_with_a_reason(site: Site, name: str) -> None:
    answer = site.client.post("/api/sessions", content=DOCUMENTS[name], headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["detail"]
    assert len(answer.content) < 4096


@pytest.mark.parametrize("value", ['"x"', "-1", "1e400", "NaN", "1.5", "true", "null", str(2**63), str(10**40)])
def test_a_count_that_is_none_is_refused(site: Site, value: str) -> None:
    text, changed = re.subn(rb'"sent":\s*\d+', b'"sent":' + value.encode(), encoded(golden()), count=1)
    assert changed == 1
    answer = site.client.post("/api/sessions", content=text)
    assert answer.status_code in (400, 422), answer.text


def test_many_slow_bodies_keep_nobody_out(site: Site) -> None:
    """64 senders that say half of a session and then nothing."""
    half = encoded(golden())[:1000]
    lines = []
    try:
        for _ in range(64):
            context = connected(site)
            line = context.__enter__()
            lines.append(context)
            line.sendall(head(site, "/sessions", "Content-Length: 100000") + half)
        began = monotonic()
        assert site.client.get("/").status_code == 200
        receipt = site.submit(encoded(golden()))
        assert monotonic() - began < ANSWER_S
        assert receipt["session"] == golden().session.id
    finally:
        for context in lines:
            context.__exit__(None, None, None)


def test_submissions_at_once_that_inflate_are_read_a_few_at_a_time(site: Site) -> None:
    body = gzip.compress(b" " * (60 << 20), 9)
    statuses: list[int] = []

    def post() -> None:
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        answer = httpx.post(f"{site.url}/api/sessions", content=body, headers=headers, timeout=60, trust_env=False)
        statuses.append(answer.status_code)

    senders = [threading.Thread(target=post) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert set(statuses) <= {400, 422, 429, 503}
    assert len(statuses) == 8


def test_a_body_that_ends_too_soon_is_no_session(site: Site) -> None:
    text = encoded(golden())
    with connected(site) as line:
        line.sendall(head(site, "/sessions", f"Content-Length: {len(text)}") + text[: len(text) // 2])
        line.shutdown(1)
        assert answer_of(line).status in (0, 400)


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "99999999999999999999999", "1, 2", "+5"])
def test_a_length_that_is_none_is_refused(site: Site, length: str) -> None:
    assert exchanged(site, head(site, "/sessions", f"Content-Length: {length}") + b"{}").status in (400, 413)


def test_both_a_length_and_chunks_are_no_way_to_smuggle_a_request(site: Site) -> None:
    smuggled = b"0\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    request = head(site, "/sessions", f"Content-Length: {len(smuggled)}", "Transfer-Encoding: chunked") + smuggled
    with connected(site) as line:
        line.sendall(request)
        received = b""
        while piece := line.recv(65536):
            received += piece
    assert received.count(b"HTTP/1.1 ") == 1
    assert received.split(None, 2)[1].startswith(b"4")
