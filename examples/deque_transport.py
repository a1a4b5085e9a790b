"""A transport of one's own for Python's runner: a deque between threads, and a semaphore that counts what is in it."""

import threading
from collections import deque

from queuemark.runners.python.transport import Case, Receive, Send, Transport


class Deque(Transport):
    name = "deque"
    summary = "collections.deque and a semaphore between threads"
    dispatch = "compete"
    roles = "threads"
    copies = 0

    def __init__(self, case: Case) -> None:
        self.messages: deque[bytes] = deque()
        self.there = threading.Semaphore(0)

    def open_producer(self) -> list[Send]:
        return [self.send]

    def open_consumer(self, index: int) -> Receive:
        return self.receive

    def send(self, message: bytes) -> None:
        self.messages.append(message)
        self.there.release()

    def receive(self) -> bytes:
        self.there.acquire()
        return self.messages.popleft()
