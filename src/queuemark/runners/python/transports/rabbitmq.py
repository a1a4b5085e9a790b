"""RabbitMQ by py-amqp: a queue of the server, which pushes to each consumer what that has not acknowledged yet.

Confirmed is what the server has acknowledged (publisher confirms). With the ack ``fence`` it confirms nothing; behind
the last message it is asked about the queue, and answers when all before that is in its hands.
"""

from __future__ import annotations

__all__ = ["RabbitMq"]

from collections import deque
from typing import Any

from queuemark.model.address import read_address
from queuemark.model.transport import Param, ParamValue
from queuemark.runners.python.transport import BACKLOG_ITEMS, Case, Receive, Send, Transport, Unavailable

PORT = 5672
_ASKED_S = 5.0
_UNUSED_MS = 120_000
"""So long a queue that nobody uses outlives a trial that was killed."""

_PERSISTENT = 2
_SUBSCRIPTION = "consumer"

QUEUE = Param(
    name="queue",
    unit="choice",
    default="classic",
    choices=["classic", "durable", "quorum"],
    help="classic in memory, classic and durable with persistent messages, or quorum, which is always written",
)
PREFETCH = Param(
    name="prefetch",
    unit="items",
    default=256,
    low=1,
    high=65_535,
    help="messages that a consumer has not acknowledged yet, at the most",
)
ACKED = Param(
    name="acked",
    unit="choice",
    default="each",
    choices=["each", "half"],
    help="a consumer acknowledges each message, or half of its prefetch at once",
)


class RabbitMq(Transport):
    """Consumers compete for one queue, or have one each; in a fan-out an exchange copies to all of them."""

    name = "rabbitmq"
    summary = "RabbitMQ by py-amqp: a classic or a quorum queue, with acknowledging consumers"
    dispatch = "compete"
    dispatches = ("compete", "deal")
    acks = ("fence", "none", "each", "window")
    broker = "rabbitmq"
    durability = ("nothing", "server", "machine")
    copies = 6
    needs = "amqp"
    distribution = "'queuemark[brokers]'"
    params = (BACKLOG_ITEMS, QUEUE, PREFETCH, ACKED)

    def __init__(self, case: Case) -> None:
        self.address = read_address(case.server or "", "rabbitmq", PORT)
        self.case = case
        name = f"queuemark-{case.run_id}"
        self.shared = case.dispatch == "compete" and not case.fans_out
        self.queues = [name] if self.shared else [f"{name}-{index}" for index in range(case.consumers)]
        self.exchange = name if case.fans_out else ""
        self.version = self._prepared()

    def open_producer(self) -> list[Send]:
        persistent = self.case.params["queue"] != "classic"
        self.sent = Publisher(self._connected(), self.case.unconfirmed, persistent=persistent)
        if self.exchange:
            return [self.sent.sending(self.exchange, "")]
        return [self.sent.sending("", queue) for queue in self.queues]

    def open_consumer(self, index: int) -> Receive:
        queue = self.queues[0 if self.shared else index]
        prefetch = self.case.number("prefetch")
        at_once = 1 if self.case.params["acked"] == "each" else max(1, prefetch // 2)
        others = self.shared and self.case.consumers > 1
        return Subscriber(self._connected(), queue, prefetch, at_once, others=others).receive

    def confirm(self) -> None:
        self.sent.settle(self.queues[0])

    def granted(self) -> dict[str, ParamValue]:
        return {"server_version": self.version}

    def forget(self) -> None:
        """It holds nothing in the parent but what it needs to clear away."""

    def clear_away(self) -> None:
        with self._connected() as connection:
            channel = connection.channel()
            for queue in self.queues:
                channel.queue_delete(queue)
            if self.exchange:
                channel.exchange_delete(self.exchange)

    def _connected(self, read_timeout_s: float | None = None) -> Any:
        """Raises: amqp.AMQPError, OSError."""
        import amqp

        place = self.address
        connection = amqp.Connection(
            f"[{place.host}]:{place.port}" if ":" in place.host else f"{place.host}:{place.port}",
            userid=place.user or "guest",
            password=place.password or "guest",
            connect_timeout=_ASKED_S,
            read_timeout=read_timeout_s,
        )
        connection.connect()
        return connection

    def _prepared(self) -> str:
        """Makes what the trial needs on the server; its version.

        Raises: Unavailable.
        """
        import amqp

        try:
            with self._connected(_ASKED_S) as connection:
                self._declare(connection.channel())
                return str(connection.server_properties.get("version", ""))
        except (amqp.AMQPError, OSError) as error:
            raise Unavailable(f"{self.address}: {_reason(error)}", _REMEDY) from error

    def _declare(self, channel: Any) -> None:
        kind = self.case.params["queue"]
        arguments = {"x-queue-type": "quorum" if kind == "quorum" else "classic", "x-expires": _UNUSED_MS}
        if self.exchange:
            channel.exchange_declare(self.exchange, "fanout", auto_delete=True)
        for queue in self.queues:
            channel.queue_declare(queue, durable=kind != "classic", auto_delete=False, arguments=arguments)
            if self.exchange:
                channel.queue_bind(queue, self.exchange)


_REMEDY = "see that a RabbitMQ server is there, and that it takes this login: rabbitmq://USER:PASSWORD@HOST:5672"


def _reason(error: Exception) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(f"{type(error).__name__}: {said}".split()).rstrip(".")


class Publisher:
    """The producer's connection. unconfirmed: how many messages may wait to be confirmed; 0: none is."""

    def __init__(self, connection: Any, unconfirmed: int, *, persistent: bool) -> None:
        self._connection, self._channel = connection, connection.channel()
        self._high, self._properties = unconfirmed, {"delivery_mode": _PERSISTENT} if persistent else {}
        self._waiting: deque[int] = deque()
        self._early: set[int] = set()
        self._next = 1
        if unconfirmed:
            self._channel.confirm_select()
            self._channel.events["basic_ack"].add(self._confirmed)
            self._channel.events["basic_nack"].add(self._refused)

    def sending(self, exchange: str, key: str) -> Send:
        """What publishes there."""
        from amqp import Message

        publish, properties = self._channel.basic_publish, self._properties

        def send(message: bytes) -> None:
            publish(Message(message, **properties), exchange, key)

        def send_confirmed(message: bytes) -> None:
            send(message)
            self._waiting.append(self._next)
            self._next += 1
            self._await(self._high - 1)

        return send_confirmed if self._high else send

    def settle(self, queue: str) -> None:
        """Returns when all that was sent is accepted."""
        if self._high:
            self._await(0)
        else:
            self._channel.queue_declare(queue, passive=True)

    def _await(self, left: int) -> None:
        while len(self._waiting) > left:
            self._connection.drain_events()

    def _confirmed(self, tag: int, multiple: bool) -> None:
        """A quorum queue confirms in an order of its own."""
        waiting, early = self._waiting, self._early
        if not multiple:
            early.add(tag)
        while waiting and (waiting[0] in early or (multiple and waiting[0] <= tag)):
            early.discard(waiting.popleft())

    def _refused(self, tag: int, multiple: bool) -> None:
        raise ConnectionError(f"the server refused message {tag}" + (" and those before it" if multiple else ""))


class Subscriber:
    """A consumer's connection. at_once: how many messages one acknowledgement is for. others: take from the queue, too.

    Where others do, it leaves the queue with an end, and gives back what it was sent behind that: the others' ends.
    """

    def __init__(self, connection: Any, queue: str, prefetch: int, at_once: int, *, others: bool) -> None:
        self._connection, self._channel = connection, connection.channel()
        self._queue, self._at_once, self._others = queue, at_once, others
        self._channel.basic_qos(0, prefetch, False)
        self._came: deque[Any] = deque()
        self._unacknowledged = 0
        self._subscribed = False

    def receive(self) -> bytes:
        if not self._subscribed:
            self._channel.basic_consume(self._queue, _SUBSCRIPTION, callback=self._came.append)
            self._subscribed = True
        while not self._came:
            self._connection.drain_events()
        message = self._came.popleft()
        body: bytes = message.body or b""
        self._unacknowledged += 1
        if self._unacknowledged >= self._at_once or not body:
            self._channel.basic_ack(message.delivery_tag, multiple=self._at_once > 1)
            self._unacknowledged = 0
        if self._others and not body:
            self._leave()
        return body

    def _leave(self) -> None:
        self._channel.basic_cancel(_SUBSCRIPTION)
        self._subscribed = False
        self._came.clear()
        self._channel.basic_recover(requeue=True)
