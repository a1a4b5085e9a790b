"""Who is let in, at which pace, and who a request is counted for."""

from __future__ import annotations

import msgspec
import pytest
from litestar.testing import TestClient

from queuemark.web.app import create_app
from queuemark.web.guards import Bucket, client_address, host_guard, rate_guard
from queuemark.web.problem import Refusal
from queuemark.web.settings import LOOPBACK


def test_a_bucket_gives_its_burst_and_then_its_rate():
    now = [0.0]
    bucket = Bucket(2.0, 10.0, lambda: now[0])
    assert [bucket.take("a", 1) for _ in range(10)] == [0.0] * 10
    assert bucket.take("a", 1) == 0.5
    now[0] = 0.5
    assert bucket.take("a", 1) == 0.0
    assert bucket.take("a", 1) == 0.5


def test_a_bucket_never_holds_more_than_its_burst():
    now = [0.0]
    bucket = Bucket(1.0, 3.0, lambda: now[0])
    assert bucket.take("a", 3) == 0.0
    now[0] = 1e6
    assert bucket.take("a", 3) == 0.0
    assert bucket.take("a", 3) == 3.0


def test_what_costs_more_than_a_burst_costs_a_burst():
    assert Bucket(1.0, 3.0, lambda: 0.0).take("a", 10) == 0.0


def test_addresses_have_their_own_tokens_and_only_so_many_are_kept():
    bucket = Bucket(1.0, 1.0, lambda: 0.0)
    for address in range(20_000):
        assert bucket.take(str(address), 1) == 0.0
    assert bucket.take("19999", 1) == 1.0
    assert len(bucket._left) == 10_000


def scope(peer: str, *forwarded: str):
    headers = [(b"x-forwarded-for", ", ".join(forwarded).encode())] if forwarded else []
    return {"client": (peer, 1234), "headers": headers}


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "address"),
    [
        ("9.9.9.9", (), (), "9.9.9.9"),
        ("9.9.9.9", ("1.1.1.1",), (), "9.9.9.9"),
        ("10.0.0.1", ("1.1.1.1",), ("10.0.0.1",), "1.1.1.1"),
        ("10.0.0.1", ("6.6.6.6", "1.1.1.1"), ("10.0.0.1",), "1.1.1.1"),
        ("10.0.0.1", ("6.6.6.6", "1.1.1.1", "10.0.0.2"), ("10.0.0.1", "10.0.0.2"), "1.1.1.1"),
        ("10.0.0.1", (), ("10.0.0.1",), "10.0.0.1"),
        ("10.0.0.1", ("10.0.0.1",), ("10.0.0.1",), "10.0.0.1"),
        ("::ffff:9.9.9.9", (), (), "9.9.9.9"),
        ("::ffff:10.0.0.1", ("::ffff:1.1.1.1",), ("10.0.0.1",), "1.1.1.1"),
        ("2001:db8::1", ("1.1.1.1",), ("2001:0DB8::1",), "1.1.1.1"),
    ],
)
def test_who_asks_is_the_last_that_no_trusted_proxy_is(peer, forwarded, trusted, address):
    assert client_address(scope(peer, *forwarded), trusted) == address


def test_who_comes_by_ipv4_to_a_site_on_ipv6_is_counted_alone():
    guard = rate_guard(Bucket(1.0, 1.0, lambda: 0.0), ())
    for peer in ("::ffff:9.9.9.9", "::ffff:8.8.8.8", "2001:db8::1"):
        guard({**scope(peer), "method": "GET"})
    for again in ("::ffff:9.9.9.9", "9.9.9.9", "2001:db8::2"):
        with pytest.raises(Refusal):
            guard({**scope(again), "method": "GET"})


@pytest.mark.parametrize("host", ["127.0.0.1:x", "results.example:99999", "[::1", "[zz]"])
@pytest.mark.parametrize("names", [(), LOOPBACK])
def test_a_host_that_is_no_name_of_one_is_refused(settings, host, names):
    site = create_app(msgspec.structs.replace(settings, names=names))
    with TestClient(site, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        for path in ("/", "/submit", "/health"):
            assert client.get(path, headers={"host": host}).status_code in (400, 421)


@pytest.mark.parametrize(
    ("host", "server", "passes"),
    [
        ("192.0.2.7:8000", ("192.0.2.7", 8000), True),
        ("192.0.2.7:8000", ("::ffff:192.0.2.7", 8000), True),
        ("[2001:db8::1]", ("2001:DB8::1", 8000), True),
        ("cellar:8000", ("192.0.2.7", 8000), True),
        ("192.0.2.8:8000", ("192.0.2.7", 8000), False),
        ("rebound.example:8000", ("192.0.2.7", 8000), False),
        ("rebound.example", None, False),
    ],
)
def test_a_site_answers_to_its_names_and_to_the_address_that_it_is_asked_at(host, server, passes):
    asked = {**scope("9.9.9.9"), "headers": [(b"host", host.encode())], "server": server}
    if passes:
        host_guard(("cellar",))(asked)
    else:
        with pytest.raises(Refusal) as caught:
            host_guard(("cellar",))(asked)
        assert caught.value.problem.status == 421


def test_who_asks_too_often_is_told_when_to_come_again(settings):
    bounded = msgspec.structs.replace(settings, rate_per_s=0.001, burst=15.0)
    with TestClient(create_app(bounded), base_url="http://127.0.0.1") as client:
        assert client.post("/sessions", content=b"{").status_code == 400
        assert [client.get("/health").status_code for _ in range(5)] == [200] * 5
        refused = client.get("/health", headers={"accept": "application/json"})
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 0
        assert refused.json()["title"] == "Too Many Requests"
