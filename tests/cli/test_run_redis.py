"""``queuemark run`` through Redis, by Python's runner: what the server was, how durable, and what is kept of it."""

from __future__ import annotations

import psutil
import pytest

from queuemark.brokers import redis
from queuemark.brokers.redis import Redis

from .conftest import Call

SHORT = ("--items", "100", "--repeats", "1", "--no-probes", "--json", "-")
NEEDS_SERVER = pytest.mark.skipif(Redis().lack() is not None, reason="redis-server is not installed")


@pytest.fixture(autouse=True)
def python(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUEUEMARK_RUNNER")
    pytest.importorskip("redis", reason="redis-py is not installed (extra brokers)")


@NEEDS_SERVER
def test_m03_how_durable_the_server_is_is_part_of_the_case(call: Call) -> None:
    answer = call("run", "-t", "redis-list", "-c", "1", "-P", "persist=none,always", "--ack", "each", *SHORT)
    assert answer.code == 0, answer.err
    cases = answer.json["cases"]
    assert {case["case"]["params"]["persist"] for case in cases} == {"none", "always"}
    for case in cases:
        (trial,) = case["trials"]
        assert (trial["state"], trial["delivered"]) == ("ok", 100)
        assert trial["granted"]["persist"] == case["case"]["params"]["persist"], "the server was started so"
        used = trial["broker"]
        assert (used["name"], used["started"], len(used["sha256"])) == ("redis", True, 64)
        assert used["version"] == trial["granted"]["server_version"]
        assert used["cpu_ns"] > 0
    assert not [child for child in psutil.Process().children() if "redis" in child.name()]


@NEEDS_SERVER
def test_a_server_that_runs_is_used_and_neither_login_nor_place_is_kept(call: Call) -> None:
    with Redis().start() as server:
        place = server.url.removeprefix("redis://")
        answer = call("run", "-t", "redis-pubsub", "--server", f"redis://default:s3cr3t@{place}", *SHORT)
        assert answer.code == 0, answer.err
        (case,) = answer.json["cases"]
        used = case["trials"][0]["broker"]
        assert (used["started"], used["sha256"], used["cpu_ns"]) == (False, None, None)
        assert used["version"]
        assert "s3cr3t" not in answer.out
        assert place not in answer.out


def test_without_a_server_it_is_listed_with_the_reason_and_the_remedy(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis, "PROGRAM", "no-such-server")
    assert "redis-list (python) is not available: there is no no-such-server" in call("list").out
    shown = call("list", "redis-list").out
    assert "apt-get install redis-server" in shown
    assert "outlives         nothing, the server's end or the machine's end, as its parameters say" in shown
    answer = call("run", "-t", "redis-list", "--items", "10", "--repeats", "1", "--no-probes")
    assert answer.code == 3
    assert "apt-get install redis-server" in answer.out + answer.err
