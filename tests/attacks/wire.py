"""HTTP as no honest client speaks it: bytes on a socket, and what comes back."""

from __future__ import annotations

__all__ = ["Answer", "answer_of", "connected", "exchanged", "resident_bytes"]

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil

from tests.serving import Site

ANSWER_S = 30.0


class Answer(NamedTuple):
    """status: 0 where the server closed without a word."""

    status: int
    head: str
    body: bytes


@contextmanager
def connected(site: Site) -> Iterator[socket.socket]:
    where = urlsplit(site.url)
    assert where.hostname is not None and where.port is not None
    with closing(socket.create_connection((where.hostname, where.port), timeout=ANSWER_S)) as line:
        yield line


def exchanged(site: Site, request: bytes) -> Answer:
    """request: whole; the answer to it on a connection of its own."""
    with connected(site) as line:
        line.sendall(request)
        return answer_of(line)


def answer_of(line: socket.socket) -> Answer:
    """What the server says before it closes, or the first answer where it does not."""
    received = b""
    while not _whole(received):
        try:
            piece = line.recv(65536)
        except ConnectionResetError:
            break
        if not piece:
            break
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    words = head.split(None, 2)
    return Answer(int(words[1]) if len(words) > 1 else 0, head.decode("latin-1"), body)


def _whole(received: bytes) -> bool:
    head, found, body = received.partition(b"\r\n\r\n")
    if not found:
        return False
    for field in head.lower().split(b"\r\n")[1:]:
        name, _, value = field.partition(b":")
        if name == b"content-length":
            return len(body) >= int(value)
        if name == b"transfer-encoding":
            return body.endswith(b"0\r\n\r\n")
    return False


def resident_bytes(site: Site) -> int:
    """Of the server and its workers."""
    return sum(psutil.Process(pid).memory_info().rss for pid in site.processes)
