"""The kinds of servers there are, and who serves a trial: one that was named, or one that is started for it."""

from __future__ import annotations

__all__ = ["BROKERS", "Servers", "crossed_out", "place_left_out", "read_servers", "without_login"]

import re
from collections.abc import Collection, Iterable, Mapping
from urllib.parse import unquote, urlsplit

import msgspec

from queuemark.brokers.broker import Broker, BrokerUnavailable, Lack, Server
from queuemark.brokers.mqtt import Mqtt
from queuemark.brokers.nats import TLS, Nats
from queuemark.brokers.postgresql import PostgreSQL
from queuemark.brokers.rabbitmq import RabbitMq
from queuemark.brokers.redis import Redis
from queuemark.model.broker import BrokerUse
from queuemark.model.errors import UsageError, nearest
from queuemark.model.transport import ParamValue, Transport
from queuemark.runners.registry import Survey

BROKERS: dict[str, Broker] = {broker.name: broker for broker in (Nats(), Redis(), RabbitMq(), Mqtt(), PostgreSQL())}

SCHEMES = {**{name: name for name in BROKERS}, TLS: Nats.name}
"""The kinds of servers by how their addresses begin."""


class Servers:
    """Where the trials of a session find their servers. named: addresses by kind; others are started."""

    def __init__(self, named: Mapping[str, str] | None = None) -> None:
        self._named = dict(named or {})

    def lack(self, kind: str) -> Lack | None:
        """Why no trial can have a server of this kind, or None."""
        if kind in self._named:
            return None
        if kind not in BROKERS:
            return Lack(reason=f"no broker of the kind {kind} is known here", remedy=f"known: {', '.join(BROKERS)}")
        return BROKERS[kind].lack()

    def serve(self, kind: str, params: Mapping[str, ParamValue] | None = None) -> Server:
        """A server for one trial, which ends with the context that it is; params: of the trial's case.

        Raises: BrokerUnavailable.
        """
        if kind in self._named:
            return BROKERS[kind].at(self._named[kind])
        lack = self.lack(kind)
        if lack is not None:
            raise BrokerUnavailable(lack.reason, lack.remedy)
        return BROKERS[kind].start(params)

    def check_settings(self, kind: str, params: Mapping[str, ParamValue], granted: Mapping[str, ParamValue]) -> None:
        """params: of the case; granted: what its runner found, of a server that somebody else may have set up.

        Raises: BrokerUnavailable when it was another case that was measured.
        """
        settings = BROKERS[kind].settings if kind in BROKERS else frozenset()
        for name in sorted(settings & params.keys() & granted.keys()):
            if granted[name] != params[name]:
                raise BrokerUnavailable(
                    f"the {kind} server has {name}={granted[name]}, and this is to be measured with {params[name]}",
                    f"take -P {name}={granted[name]}, or set up the server otherwise",
                )

    def check_needed(self, kinds: Collection[str | None]) -> None:
        """kinds: of the servers that there are trials for.

        Raises: UsageError for a server that was named for none of them.
        """
        for kind in self._named:
            if kind not in kinds:
                raise UsageError(f"nothing of this goes through a {kind} server; leave --server {kind}://... out")

    def check_same(self, used: Iterable[BrokerUse]) -> None:
        """used: by the trials that a session has already.

        Raises: UsageError when further ones would have another server, so that no case is measured through both.
        """
        for use in used:
            if use.started and use.name in self._named:
                raise UsageError(
                    f"this session has a {use.name} server of its own for each trial; "
                    f"leave --server {use.name}://... out, or begin a new one"
                )
            if not use.started and use.name not in self._named:
                raise UsageError(
                    f"this session went through a {use.name} server that was named, and where that is was not kept; "
                    f"name it again: --server {use.name}://..."
                )

    def surveyed(self, found: Survey) -> Survey:
        """The same offers; those whose servers cannot be had are unavailable."""
        offers = [msgspec.structs.replace(offer, transport=self._served(offer.transport)) for offer in found.offers]
        return msgspec.structs.replace(found, offers=offers)

    def _served(self, transport: Transport) -> Transport:
        kind = transport.facts.broker
        lack = self.lack(kind) if kind is not None and transport.available else None
        if lack is None:
            return transport
        return msgspec.structs.replace(transport, available=False, reason=lack.reason, remedy=lack.remedy)


def read_servers(addresses: Iterable[str]) -> dict[str, str]:
    """Addresses by the kinds of their servers.

    Raises: UsageError for what is no address of a known kind, and for two of one kind.
    """
    found: dict[str, str] = {}
    for address in addresses:
        scheme = address.partition("://")[0]
        if "://" not in address or scheme not in SCHEMES:
            hint = nearest(scheme, SCHEMES) if "://" in address else "write for example nats://127.0.0.1:4222"
            raise UsageError(f"a server's address begins with its kind and ://; {hint}")
        kind = SCHEMES[scheme]
        if kind in found:
            raise UsageError(f"two servers of the kind {kind} are named; leave one of them out")
        BROKERS[kind].at(address)
        found[kind] = address
    return found


def without_login(address: str) -> str:
    """``nats://HOST:4222`` of ``nats://USER:PASSWORD@HOST:4222``."""
    kind, _, rest = address.partition("://")
    return f"{kind}://{rest.rpartition('@')[2]}"


def place_left_out(address: str) -> str:
    """``nats://HOST`` for any address of that kind: where somebody's server is concerns nobody else."""
    return f"{address.partition('://')[0]}://HOST"


def crossed_out(text: str, address: str) -> str:
    """What somebody says about a server, without where that is and as whom it was spoken to.

    A name of one word is a place only with its port, a login only where it is quoted: both may be ordinary words.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    port = r"(?::\d+)?" if re.search(r"[.:]", host) else r":\d+"
    if host:
        text = re.sub(rf"(?<![\w.:-])\[?{re.escape(host)}\]?{port}(?![\w-])", "HOST", text, flags=re.IGNORECASE)
    for word, login in (("USER", parts.username), ("PASSWORD", parts.password)):
        if login:
            text = re.sub(rf"(['\"]){re.escape(unquote(login))}\1", rf"\1{word}\1", text)
    trusted = parts.query.partition("=")[2]
    return text.replace(unquote(trusted), "FILE") if trusted else text
