"""A server of NATS in a few lines, which passes messages on as they come, or not, as a test wants it.

It knows one thing that a real one does not do: what it is told to do wrong, and when.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType

__all__ = ["Delivery", "FakeNats"]


@dataclass(frozen=True)
class Delivery:
    """A message on its way to one subscription: its place among all deliveries, from 1 on, and its bytes."""

    number: int
    subject: str
    frame: bytes


Deliver = Callable[[Delivery], list[bytes]]
"""What is written to the subscriber in place of the message's frame; nothing: it is lost."""


@dataclass(eq=False)
class _Client:
    """One connection: subscriptions by their ids, as (subject, queue), and whether each PUB is confirmed."""

    connection: socket.socket
    subscriptions: dict[str, tuple[str, str]] = field(default_factory=dict)
    verbose: bool = False
    published: int = 0
    pongs: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def say(self, text: bytes) -> None:
        with contextlib.suppress(OSError):
            self.connection.sendall(text)

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


class FakeNats:
    """Listens on the loopback interface until the block's end.

    deliver: what becomes of each delivery. on_publish: called after each PUB with who published, from 1 on counted.
    """

    def __init__(
        self,
        deliver: Deliver = lambda delivery: [delivery.frame],
        on_publish: Callable[[FakeNats, _Client], None] = lambda server, client: None,
        *,
        info: str = '{"version":"9.9.9","headers":true,"max_payload":1048576}',
        confirms: bool = True,
    ) -> None:
        self._deliver, self._on_publish, self._info, self._confirms = deliver, on_publish, info, confirms
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._deliveries = 0
        self._turns = 0
        self.clients: list[_Client] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self._listener.getsockname()[1]}"

    def consumers(self) -> list[_Client]:
        """Who subscribed to anything but a reply."""
        return [client for client in self.clients if any(not s.startswith("_INBOX") for s in _subjects(client))]

    def __enter__(self) -> FakeNats:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._listener.close()
        for client in self.clients:
            client.end()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                client = _Client(connection)
                self.clients.append(client)
                client.say(f"INFO {self._info}\r\n".encode())
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: _Client) -> None:
        with client.connection, contextlib.suppress(OSError), client.connection.makefile("rb") as said:
            for line in said:
                words = line.decode().split()
                operation = words[0].upper() if words else ""
                if operation == "CONNECT":
                    client.verbose = b'"verbose":true' in line
                elif operation == "PING":
                    client.say(b"PONG\r\n")
                elif operation == "PONG":
                    client.pongs.release()
                elif operation == "SUB":
                    client.subscriptions[words[-1]] = (words[1], words[2] if len(words) == 4 else "")
                elif operation == "PUB":
                    payload = said.read(int(words[-1]) + 2)[:-2]
                    self._publish(client, words[1], words[2] if len(words) == 4 else "", payload)
                if client.verbose and self._confirms and operation in ("CONNECT", "SUB", "UNSUB", "PUB"):
                    client.say(b"+OK\r\n")

    def _publish(self, client: _Client, subject: str, reply: str, payload: bytes) -> None:
        with self._lock:
            for receiver, subscription in self._chosen(subject):
                parts = ["MSG", subject, subscription, *([reply] if reply else []), str(len(payload))]
                self._deliveries += 1
                frame = " ".join(parts).encode() + b"\r\n" + payload + b"\r\n"
                for written in self._deliver(Delivery(self._deliveries, subject, frame)):
                    receiver.say(written)
            client.published += 1
            self._on_publish(self, client)

    def _chosen(self, subject: str) -> Iterator[tuple[_Client, str]]:
        """All plain subscriptions, and of each queue the next member in turn."""
        queues: dict[str, list[tuple[_Client, str]]] = {}
        for client in self.clients:
            for subscription, (wanted, queue) in client.subscriptions.items():
                if wanted == subject and queue:
                    queues.setdefault(queue, []).append((client, subscription))
                elif wanted == subject:
                    yield client, subscription
        for members in queues.values():
            self._turns += 1
            yield members[self._turns % len(members)]


def _subjects(client: _Client) -> list[str]:
    return [subject for subject, _ in client.subscriptions.values()]
