"""Commands whose replies are waited for as the ack wants it: at once, within a window, at the end, or never."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from queuemark.runners.python.transports.redis_server import Commands

Words = tuple[str | bytes, ...]


class Connection:
    """Owes a reply for each command, as long as it was not told to be silent."""

    def __init__(self) -> None:
        self.sent: list[Words] = []
        self.owed = self.most = 0
        self.silent = False

    def send_command(self, *words: str | bytes) -> None:
        self.sent.append(words)
        if words[:2] == ("CLIENT", "REPLY"):
            self.silent = words[2] == "OFF"
        self.owed += not self.silent
        self.most = max(self.most, self.owed)

    def pack_commands(self, commands: list[Words]) -> list[Words]:
        return commands

    def send_packed_command(self, commands: list[Words]) -> None:
        for words in commands:
            self.send_command(*words)

    def read_response(self) -> None:
        assert self.owed, "nobody would ever answer"
        self.owed -= 1


def commands(unconfirmed: int) -> tuple[Connection, Commands]:
    connection = Connection()
    return connection, Commands(SimpleNamespace(connection=connection), unconfirmed)


def test_each_command_has_its_reply_before_the_next_is_sent() -> None:
    connection, sending = commands(1)
    for _ in range(3):
        sending.send("RPUSH", "key", b"message")
        assert connection.owed == 0
    sending.send_all([("XADD", "key"), ("XADD", "key")])
    assert connection.owed == 0
    sending.settle()


@pytest.mark.parametrize("window", [2, 7])
def test_no_more_commands_wait_than_the_window_lets(window: int) -> None:
    connection, sending = commands(window)
    for _ in range(20):
        sending.send("RPUSH", "key", b"message")
    assert connection.most == window
    sending.settle()
    assert connection.owed == 0


def test_a_fence_is_the_first_reply_after_silence() -> None:
    connection, sending = commands(0)
    for _ in range(5):
        sending.send("RPUSH", "key", b"message")
    assert connection.most == 0
    sending.settle()
    assert connection.sent[-2:] == [("CLIENT", "REPLY", "ON"), ("CLIENT", "REPLY", "OFF")]
    assert (connection.owed, connection.most) == (0, 1)
    sending.send("RPUSH", "key", b"")
    assert connection.owed == 0
