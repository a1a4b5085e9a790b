"""Who serves a trial: a server that was named, one that is started, or nobody, with the reason and a remedy."""

from __future__ import annotations

import msgspec
import pytest

from queuemark.brokers import nats, registry
from queuemark.brokers.broker import BrokerUnavailable
from queuemark.brokers.registry import Servers, crossed_out, place_left_out, read_servers, without_login
from queuemark.model.broker import BrokerUse
from queuemark.model.errors import UsageError
from queuemark.model.transport import ParamValue, Transport
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
    assert read_servers(["tls://a?ca=b"]) == {"nats": "tls://a?ca=b"}


@pytest.mark.parametrize(
    ("addresses", "said"),
    [
        (["127.0.0.1:4222"], "write for example nats://"),
        (["nat://127.0.0.1"], "did you mean 'nats'"),
        (["nats://:1"], "nats://HOST:4222"),
        ([ADDRESS, "nats://other"], "two servers of the kind nats"),
        ([ADDRESS, "tls://other"], "two servers of the kind nats"),
    ],
)
def test_what_is_no_address_is_told_what_is_one(addresses: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_servers(addresses)


def test_logins_and_places_are_left_out() -> None:
    assert without_login("nats://me:p@ss@host:4222") == "nats://host:4222"
    assert without_login(ADDRESS) == ADDRESS
    assert place_left_out("nats://me:secret@host:4222") == "nats://HOST"
    assert place_left_out("tls://host?ca=/home/me/ca.pem") == "tls://HOST"


@pytest.mark.parametrize(
    ("address", "said", "kept"),
    [
        ("nats://10.1.2.3:4222", "connect to 10.1.2.3:4222: refused", "connect to HOST: refused"),
        (
            "nats://10.1.2.3",
            "connect to 10.1.2.3:4222: refused, not 110.1.2.3",
            "connect to HOST: refused, not 110.1.2.3",
        ),
        ("nats://Bus.corp.example:1", "find bus.corp.example:1: no such name", "find HOST: no such name"),
        ("nats://[fd00::7]:4222", "connect to [fd00::7]:4222 or fd00::7:4222", "connect to HOST or HOST"),
        ("nats://nats:4222", "connect to the NATS server nats:4222", "connect to the NATS server HOST"),
        (
            "nats://me:p%40ss@a.b",
            "no user 'me' with \"p@ss\" at a.b, says me",
            "no user 'USER' with \"PASSWORD\" at HOST, says me",
        ),
        ("nats://t0ken@a.b", "no token 't0ken'", "no token 'USER'"),
        ("tls://a.b?ca=/home/m%20e/ca.pem", "read /home/m e/ca.pem for a.b: no such", "read FILE for HOST: no such"),
    ],
)
def test_what_is_said_about_a_server_names_neither_place_nor_login(address: str, said: str, kept: str) -> None:
    assert crossed_out(said, address) == kept


def test_a_server_that_nothing_goes_through_is_refused() -> None:
    servers = Servers({"nats": ADDRESS})
    servers.check_needed({None, "nats"})
    with pytest.raises(UsageError, match="leave --server nats"):
        servers.check_needed({None})


def test_m03_a_server_that_is_set_up_otherwise_serves_another_case() -> None:
    servers = Servers({"redis": "redis://127.0.0.1"})
    wanted: dict[str, ParamValue] = {"persist": "none", "depth": 3}
    for granted in ({"persist": "none", "depth": 4}, {"depth": 3}, {}):
        servers.check_settings("redis", wanted, granted)
    servers.check_settings("redis", {"depth": 3}, {"persist": "always"})
    with pytest.raises(
        BrokerUnavailable, match="redis server has persist=always, and this is to be measured with none"
    ) as caught:
        servers.check_settings("redis", wanted, {"persist": "always"})
    assert "-P persist=always" in caught.value.lack.remedy


def test_a_session_keeps_to_its_servers() -> None:
    started, named = (BrokerUse(name="nats", started=started) for started in (True, False))
    Servers().check_same([started])
    Servers({"nats": ADDRESS}).check_same([named])
    with pytest.raises(UsageError, match="leave --server nats"):
        Servers({"nats": ADDRESS}).check_same([started])
    with pytest.raises(UsageError, match="name it again: --server nats"):
        Servers().check_same([named])


def test_every_kind_is_known_by_its_name() -> None:
    assert all(broker.name == name for name, broker in registry.BROKERS.items())
    assert {"nats", "redis"} <= registry.BROKERS.keys()
