"""MQTT by paho-mqtt: a topic of the server, which passes on at once what comes, with a quality of service of 0, 1 or 2.

Confirmed is what the server has taken over: PUBACK with quality 1, PUBCOMP with 2. Quality 0 knows nothing of the kind;
there the fence is a question behind the last message, which the server answers when it has handled all before that.
"""

from __future__ import annotations

__all__ = ["MqttTopic"]

import re
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import cycle
from typing import Any

from queuemark.model.address import Address, read_address
from queuemark.model.errors import UsageError
from queuemark.model.transport import Param, ParamValue
from queuemark.runners.python.transport import BACKLOG_ITEMS, Case, Receive, Send, Transport, Unavailable

PORT = 1883
_ASKED_S = 5.0
_UNASKED_IN_FLIGHT = 100
"""With the acks fence and none so many messages of the qualities 1 and 2 wait for their confirmation."""
_IDENTIFIERS = 65_535
"""Of messages in flight, each 16 bits and not 0 (MQTT 5.0, 2.2.1)."""

QOS = Param(
    name="qos",
    unit="choice",
    default="1",
    choices=["0", "1", "2"],
    help="quality of service to and from the server: at most once, at least once, exactly once",
)


class MqttTopic(Transport):
    """Consumers have a shared subscription, or a topic each; in a fan-out all subscribe to one."""

    name = "mqtt"
    summary = "MQTT 5 by paho-mqtt: a shared subscription, or plain ones, with quality of service 0, 1 or 2"
    dispatch = "compete"
    dispatches = ("compete", "deal")
    acks = ("fence", "none", "each", "window")
    broker = "mqtt"
    durability = ("nothing",)
    copies = 6
    needs = "paho"
    distribution = "'queuemark[brokers]'"
    params = (BACKLOG_ITEMS, QOS)

    def __init__(self, case: Case) -> None:
        self.address, self.case = read_address(case.server or "", "mqtt", PORT), case
        self.qos = case.number("qos")
        if case.unconfirmed and not self.qos:
            raise UsageError("messages of quality 0 are never confirmed; with -P qos=0 take --ack fence or none")
        self.unconfirmed = min(case.unconfirmed or _UNASKED_IN_FLIGHT, _IDENTIFIERS)
        self.fans_out, self.shared = case.fans_out, case.dispatch == "compete" and not case.fans_out
        self.topic = f"queuemark/{case.run_id}"
        self.topics = [f"{self.topic}/{index}" for index in range(case.consumers)]
        self.version = self._asked()

    def open_producer(self) -> list[Send]:
        self.sent = self._publisher()
        if self.fans_out:
            return [partial(self.sent.send, self.topic)]
        each: list[Send] = [partial(self.sent.send, topic) for topic in self.topics]
        return [self._sharing(each)] if self.shared else each

    def open_consumer(self, index: int) -> Receive:
        connection = Connection(self.address)
        if self.shared:
            connection.subscribe(f"$share/{self.case.run_id}/{self.topic}", self.qos)
        connection.subscribe(self.topic if self.fans_out else self.topics[index], self.qos)
        return connection.receive

    def _publisher(self) -> Publisher:
        connection = Connection(self.address)
        if self.qos == 2 and self.unconfirmed > 1:
            return ThreadedPublisher(connection, self.unconfirmed)
        return Publisher(connection, self.qos, self.unconfirmed)

    def _sharing(self, each: list[Send]) -> Send:
        """One end goes to each consumer, whom the server would choose for any other message."""
        send, ends = partial(self.sent.send, self.topic), cycle(each)
        return lambda message: send(message) if message else next(ends)(message)

    def confirm(self) -> None:
        self.sent.settle()

    def granted(self) -> dict[str, ParamValue]:
        return {"server_version": self.version} if self.version else {}

    def forget(self) -> None:
        """It holds nothing in the parent."""

    def _asked(self) -> str:
        """The server's version, or nothing if it does not say.

        Raises: Unavailable.
        """
        try:
            connection = Connection(self.address)
            connection.subscribe("$SYS/broker/version", 0)
            connection.settle()
            connection.close()
        except OSError as error:
            raise Unavailable(f"{self.address}: {error.strerror or error}", _REMEDY) from error
        said = connection.came.popleft().decode() if connection.came else ""
        return "".join(re.findall(r"\d+(?:\.\d+)+", said)[:1])


_REMEDY = "see that a server of MQTT 5 is there, and that it takes this login: mqtt://USER:PASSWORD@HOST:1883"


class Connection:
    """One client, in the thread that uses it. came: messages that nobody has taken yet."""

    def __init__(self, address: Address) -> None:
        """Raises: OSError when there is no server of MQTT 5, or it refuses."""
        from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, CallbackAPIVersion, Client, MQTTv5

        self.came: deque[bytes] = deque()
        self.client: Any = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5, reconnect_on_failure=False)
        self.client.username_pw_set(address.user, address.password)
        self.client.max_inflight_messages_set(0)
        self.client.connect_timeout = _ASKED_S
        self._answers: list[Any] = []
        self._ending: Any = None
        self.client.on_connect = lambda client, data, flags, reason, properties: self._answers.append(reason)
        self.client.on_subscribe = lambda client, data, number, reasons, properties: self._answers.extend(reasons)
        self.client.on_disconnect = self._note_end
        self.client.on_message = lambda client, data, message: self.came.append(message.payload)
        self.client.connect(address.host, address.port, keepalive=0, clean_start=MQTT_CLEAN_START_FIRST_ONLY)
        self.client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._poll = select.poll()
        self._descriptor = self.client.socket().fileno()
        self._answer()

    def subscribe(self, topic: str, qos: int) -> None:
        """Returns when the server passes on what comes from now on."""
        self.client.subscribe(topic, qos)
        self._answer()

    def settle(self) -> None:
        """Returns when the server has handled all that it was sent: it answers one after the other."""
        self.subscribe("queuemark/settled", 0)

    def receive(self) -> bytes:
        came = self.came
        while not came:
            self.read()
            if not came:
                self._wait()
        return came.popleft()

    def read(self) -> None:
        """Takes one packet, if there is one.

        Raises: ConnectionError.
        """
        self._check(self.client.loop_read())

    def await_that(self, done: Callable[[], bool]) -> None:
        """Returns when what the server says has made it so."""
        while not done():
            self.read()
            if not done():
                self._wait()

    def write_all(self) -> None:
        """Returns when nothing waits to be written: a client writes by itself only what the socket takes at once."""
        while self.client.want_write():
            self._wait()
            self._check(self.client.loop_write())

    def close(self) -> None:
        self.client.disconnect()

    def _wait(self, timeout_s: float | None = None) -> None:
        writing = select.POLLOUT if self.client.want_write() else 0
        self._poll.register(self._descriptor, select.POLLIN | writing)
        if not self._poll.poll(None if timeout_s is None else max(0.0, timeout_s) * 1000):
            raise TimeoutError("it does not answer in the words of MQTT")

    def _answer(self) -> None:
        """The server's, to what was asked last.

        Raises: OSError when it is no, or none comes.
        """
        self._answers.clear()
        deadline = time.monotonic() + _ASKED_S
        while not self._answers:
            self.write_all()
            # A refusal ends the connection, too, and says more.
            code = self.client.loop_read()
            if not self._answers:
                self._check(code)
                self._wait(deadline - time.monotonic())
        refusals = [str(reason) for reason in self._answers if reason.is_failure]
        if refusals:
            raise ConnectionRefusedError(refusals[0])

    def _check(self, code: int) -> None:
        from paho.mqtt.client import error_string

        if code:
            raise ConnectionError(str(self._ending or error_string(code)))

    def _note_end(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        self._ending = reason


class Publisher:
    """The producer's end. unconfirmed: how many messages of the qualities 1 and 2 may wait to be confirmed."""

    def __init__(self, connection: Connection, qos: int, unconfirmed: int) -> None:
        self._connection, self._client, self._qos, self._high = connection, connection.client, qos, unconfirmed
        self._waiting = 0
        if qos:
            self._client.on_publish = self._confirmed

    def send(self, topic: str, message: bytes) -> None:
        """Raises: ConnectionError, also for messages before it."""
        self._client.publish(topic, message, self._qos)
        self._connection.write_all()
        if self._qos:
            self._waiting += 1
            self._await(self._high - 1)

    def settle(self) -> None:
        """Returns when all that was sent is accepted."""
        if self._qos:
            self._await(0)
        else:
            self._connection.settle()

    def _await(self, left: int) -> None:
        self._connection.await_that(lambda: self._waiting <= left)

    def _confirmed(self, client: Any, data: Any, number: int, reason: Any, properties: Any) -> None:
        if reason.value:
            raise ConnectionError(_not_passed_on(number, reason))
        self._waiting -= 1


class ThreadedPublisher(Publisher):
    """The same of quality 2, with a thread of the client's: the server passes a message on when its sender has answered
    once more (PUBREL), and the sender may be waiting for something else by then.
    """

    def __init__(self, connection: Connection, unconfirmed: int) -> None:
        super().__init__(connection, 2, unconfirmed)
        self._changed = threading.Condition()
        self._failure: str | None = None
        self._client.on_disconnect = self._note_end
        self._client.loop_start()

    def send(self, topic: str, message: bytes) -> None:
        with self._changed:
            self._waiting += 1
        self._client.publish(topic, message, self._qos)
        self._await(self._high - 1)

    def _await(self, left: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None or self._waiting <= left)
            if self._failure is not None:
                raise ConnectionError(self._failure)

    def _confirmed(self, client: Any, data: Any, number: int, reason: Any, properties: Any) -> None:
        with self._changed:
            self._waiting -= 1
            if reason.value:
                self._failure = self._failure or _not_passed_on(number, reason)
            self._changed.notify()

    def _note_end(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        with self._changed:
            self._failure = self._failure or str(reason)
            self._changed.notify()


def _not_passed_on(number: int, reason: Any) -> str:
    return f"the server has not passed on message {number}: {reason}"
