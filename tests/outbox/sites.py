"""A site on this machine that answers as it is told: takes sessions, refuses, fails, cuts the connection."""

from __future__ import annotations

__all__ = ["CUT", "Reply", "Seen", "Site", "taken"]

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import msgspec
import zstandard

from queuemark.model.session import SessionDocument, decode_session


class Reply(msgspec.Struct, frozen=True):
    code: int
    body: bytes = b""
    headers: dict[str, str] = {}


CUT = Reply(0)
"""The connection is closed without an answer."""


class Seen(msgspec.Struct):
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> SessionDocument:
        return decode_session(zstandard.ZstdDecompressor().decompress(self.body))

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode())


def taken(session: str, site: str = "https://site.example", edit: str | None = "#token=secret") -> Reply:
    """What a site says that has the session now."""
    link = None if edit is None else f"{site}/sessions/{session}/edit{edit}"
    told = {"session": session, "view": f"{site}/sessions/{session}", "edit": link, "created": True}
    return Reply(201, json.dumps(told).encode())


class Site:
    """replies: one for each request, the last again for all others. seen: the requests."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.seen: list[Seen] = []
        self.address = ""

    def next(self, seen: Seen) -> Reply:
        self.seen.append(seen)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    @contextmanager
    def open(self) -> Iterator[Site]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            reply = site.next(Seen(path=self.path, headers=dict(self.headers.items()), body=body))
            if reply == CUT:
                self.close_connection = True
                return
            self.send_response(reply.code)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
