"""Who serves a trial: a server that was named, one that is started, or nobody, with the reason and a remedy."""

from __future__ import annotations

import msgspec
import pytest

from queuemark.brokers import nats, registry
from queuemark.brokers.broker import BrokerUnavailable
from queuemark.brokers.registry import Servers, place_left_out, read_servers, without_login
from queuemark.model.errors import UsageError
from queuemark.model.transport import Transport
from queuemark.runners.registry import Offer, Survey
from tests.examples import transports

ADDRESS = "nats://127.0.0.1:4222"


def brokered(kind: str | None, *, available: bool = True) -> Survey:
    """One transport that needs a server of this kind."""
    known = transports()["tcp"]
    changed: dict[str, object] = {"facts": msgspec.structs.replace(known.facts, broker=kind)}
    if not available:
        changed |= {"available": False, "reason": "its own", "remedy": "its own, too"}
    transport: Transport = msgspec.structs.replace(known, **changed)
    return Survey(offers=[Offer(transport=transport, command=("runner",))], troubles=[])


def only(found: Survey) -> Transport:
    (offer,) = found.offers
    return offer.transport


@pytest.fixture
def without_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nats, "PROGRAM", "no-such-server")


@pytest.mark.usefixtures("without_program")
def test_a_transport_whose_server_cannot_be_started_is_unavailable_with_a_remedy() -> None:
    transport = only(Servers().surveyed(brokered("nats")))
    assert not transport.available
    assert "no-such-server" in (transport.reason or "")
    assert "pip install 'queuemark[nats]'" in (transport.remedy or "")
    with pytest.raises(BrokerUnavailable, match="no-such-server"):
        Servers().serve("nats")


@pytest.mark.usefixtures("without_program")
def test_a_named_server_makes_it_available() -> None:
    servers = Servers({"nats": ADDRESS})
    assert only(servers.surveyed(brokered("nats"))).available
    with servers.serve("nats") as server:
        assert server.url == ADDRESS


@pytest.mark.usefixtures("without_program")
def test_who_needs_no_server_is_not_asked() -> None:
    found = brokered(None)
    assert Servers().surveyed(found) == found


@pytest.mark.usefixtures("without_program")
def test_a_transports_own_reason_comes_first() -> None:
    assert only(Servers().surveyed(brokered("nats", available=False))).reason == "its own"


def test_a_kind_that_nobody_knows_is_told() -> None:
    transport = only(Servers().surveyed(brokered("pigeon")))
    assert (transport.available, transport.reason) == (False, "no broker of the kind pigeon is known here")
    assert "nats" in (transport.remedy or "")


def test_addresses_are_read_by_their_kinds() -> None:
    assert read_servers([]) == {}
    assert read_servers([ADDRESS]) == {"nats": ADDRESS}


@pytest.mark.parametrize(
    ("addresses", "said"),
    [
        (["127.0.0.1:4222"], "write for example nats://"),
        (["nat://127.0.0.1"], "did you mean 'nats'"),
        (["nats://:1"], "nats://HOST:4222"),
        ([ADDRESS, "nats://other"], "two servers of the kind nats"),
    ],
)
def test_what_is_no_address_is_told_what_is_one(addresses: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_servers(addresses)


def test_logins_and_places_are_left_out() -> None:
    assert without_login("nats://me:p@ss@host:4222") == "nats://host:4222"
    assert without_login(ADDRESS) == ADDRESS
    assert place_left_out("nats://me:secret@host:4222") == "nats://HOST"


def test_every_kind_is_known_by_its_name() -> None:
    assert all(broker.name == name for name, broker in registry.BROKERS.items())
    assert {"nats", "redis"} <= registry.BROKERS.keys()
