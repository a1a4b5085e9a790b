"""PostgreSQL between the ends: what is confirmed is committed, equal messages are several, nothing stays there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from queuemark.brokers.postgresql import PostgreSQL
from queuemark.runners.python.transport import Case, Unavailable
from queuemark.runners.python.transports import pg_server
from queuemark.runners.python.transports.pg_notify import PgNotify
from queuemark.runners.python.transports.pg_server import Statements
from queuemark.runners.registry import PYTHON_RUNNER

psycopg: Any = pytest.importorskip("psycopg", reason="psycopg is not installed (extra brokers)")
pytestmark = pytest.mark.skipif(PostgreSQL().lack() is not None, reason="postgresql is not installed")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with PostgreSQL().start() as server:
        yield server.url


@pytest.fixture
def connection(url: str) -> Iterator[Any]:
    connected = psycopg.connect(f"{url}/postgres", autocommit=True)
    yield connected
    connected.close()


def performed(url: str, *words: str) -> tuple[int, dict[str, Any]]:
    command = [*PYTHON_RUNNER, "trial", words[0], "--server", url, *words[1:]]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "secret" not in ended.stdout + ended.stderr
    assert "anna" not in ended.stdout + ended.stderr
    assert len(ended.stderr.splitlines()) <= 1
    return ended.returncode, json.loads(ended.stdout.splitlines()[-1])


@pytest.mark.parametrize(("ack", "policy"), [("fence", "each"), ("each", "each"), ("window:7", "vector:20")])
@pytest.mark.parametrize("name", ["pg-notify", "pg-skip-locked"])
def test_every_ack_is_proved_and_nothing_is_left(url: str, connection: Any, name: str, ack: str, policy: str) -> None:
    shape = ("--items", "300", "--consumers", "2", "--warmup", "0.01", "--ack", ack, "--policy", policy)
    code, result = performed(url, name, *shape)
    assert (code, result["delivered"]) == (0, 300), result
    assert result["granted"]["server_version"][0].isdigit()
    assert connection.execute("SELECT relname FROM pg_class WHERE relname LIKE 'queuemark%'").fetchall() == []


def test_a_fan_out_is_notified_once(url: str) -> None:
    code, result = performed(url, "pg-notify", "--pattern", "fanout", "--consumers", "3", "--items", "100")
    assert (code, result["producer"]["calls"], result["delivered"]) == (0, 100, 300), result


def test_equal_and_large_messages_of_one_transaction_are_all_told(url: str) -> None:
    transport = PgNotify(Case(1, PgNotify.max_size_bytes, {}, run_id="equal", server=url))
    receive = transport.open_consumer_of_many(0)
    (send,) = transport.open_producer_of_many()
    messages = [b"a", b"a", bytes(PgNotify.max_size_bytes), b""] * 3
    send(messages)
    transport.confirm()
    assert [message for _ in messages for message in receive(9)] == messages


@pytest.mark.parametrize(("asked", "granted"), [("none", "none"), ("logged", "logged"), ("synced", "logged")])
def test_how_durable_the_table_is_on_a_server_without_fsync(url: str, asked: str, granted: str) -> None:
    _, result = performed(url, "pg-skip-locked", "--items", "20", "-P", f"persist={asked}", "--warmup", "0")
    assert (result["state"], result["granted"]["persist"]) == ("ok", granted)


def test_a_statement_that_fails_is_no_message(connection: Any) -> None:
    statements = Statements(connection, 3, "SELECT 1 / $1", ("int4",))
    for value in (1, 0):
        statements.send(value.to_bytes(4, "big"))
    with pytest.raises(psycopg.errors.DivisionByZero):
        statements.settle()


def test_no_more_statements_are_on_their_way_than_may_be(connection: Any) -> None:
    statements = Statements(connection, 1, "SELECT 1 / $1", ("int4",))
    statements.send((1).to_bytes(4, "big"))
    with pytest.raises(psycopg.errors.DivisionByZero):
        statements.send((0).to_bytes(4, "big"))


@pytest.mark.parametrize(
    ("login", "name", "said"),
    [
        ("anna:secret", "", "role of that login does not exist"),
        ("queuemark", "/nowhere", 'database "nowhere" does not exist'),
    ],
)
def test_what_is_refused_is_told_in_a_line(url: str, login: str, name: str, said: str) -> None:
    place = url.rpartition("@")[2]
    code, result = performed(f"postgresql://{login}@{place}{name}", "pg-skip-locked")
    assert (code, result["state"]) == (3, "unavailable")
    assert place in result["reason"]
    assert said in result["reason"]


def test_a_server_that_is_too_old_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pg_server, "_OLDEST", 10_000_000)
    with pytest.raises(Unavailable, match=r"^postgresql://127.0.0.1:\d+ is PostgreSQL \d") as caught:
        PgNotify(Case(1, 64, {}, run_id="old", server=url))
    assert "take 10 or later" in caught.value.remedy
