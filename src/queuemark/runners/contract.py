"""The runner contract, version 1, from the caller's side: arguments in, events out.

1. Every number that a runner gets is plain decimal, without a unit.
2. Events come in the order ready, tick..., result; the first line that breaks this is remembered as the breach,
   in words, and nothing after it is believed.
3. Reading never raises for what a runner printed.

The contract itself is docs/reference/runner-contract.md.
"""

from __future__ import annotations

__all__ = [
    "LINE_HIGH_BYTES",
    "STALL_DEFAULT_S",
    "Ends",
    "EventReader",
    "TrialRequest",
    "deadline_for_s",
    "trial_arguments",
]

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from queuemark.model.events import CONTRACT, Event, Ready, Result, Tick, decode_event
from queuemark.model.mix import Mix
from queuemark.model.plan import Case
from queuemark.model.workload import Workload

LINE_HIGH_BYTES = 4 * 1024 * 1024
"""A result of 1024 consumers is under 1 MiB; a longer line is not an event."""

STALL_DEFAULT_S = 5.0


class Ends(msgspec.Struct, frozen=True, kw_only=True):
    """Where a transport that crosses hosts makes its two ends: IPv4 addresses, and the path of a network namespace."""

    producer_address: str
    consumer_address: str
    consumer_netns: str


class TrialRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One trial of a case, with all that is not part of the case's identity.

    messages_path: where the case's own messages lie, null for made-up content. stall_s: seconds without any
    progress after which the trial has failed. deadline_s: seconds for the whole trial. parent_pid: dies with it.
    ends: where they are made, null for both on this host's loopback. server: the broker's address, null for none.
    """

    case: Case
    run_id: str
    seed: int
    inject: str | None = None
    messages_path: str | None = None
    stall_s: float = STALL_DEFAULT_S
    deadline_s: float = 600.0
    parent_pid: int | None = None
    ends: Ends | None = None
    server: str | None = None


def deadline_for_s(case: Case, stall_s: float = STALL_DEFAULT_S) -> float:
    """Seconds that a trial of this case may take at most; a stalled one ends much earlier.

    By count there is no telling how long it takes: a thousand messages a second are granted, ten minutes at least,
    and where fewer are offered as long as that lasts.
    """
    load = case.workload
    if load.duration_s is not None:
        return load.warmup_s + load.duration_s + 60 + stall_s
    items = load.items or 0
    offered_s = items / load.rate_per_s if load.rate_per_s is not None else 0.0
    return max(600.0, items / 1000, load.warmup_s + offered_s + 60 + stall_s, _linked_s(load))


def _linked_s(load: Workload) -> float:
    """Seconds that a link takes for all items at the least, thrice; 0 without a link."""
    if load.link is None:
        return 0.0
    wire_bytes = load.link.wire_bytes(0) + load.mean_bytes
    return 3 * (load.items or 0) * load.copies * wire_bytes / float(load.link.bytes_per_s)


def trial_arguments(request: TrialRequest) -> list[str]:
    """What follows the runner's own path: ``trial tcp --run-id ... -P nodelay=0``."""
    load = request.case.workload
    options: dict[str, object] = {
        "--run-id": request.run_id,
        "--size": load.size_bytes,
        "--mix": _mix(load.mix) if load.mix else None,
        "--consumers": load.consumers,
        "--pattern": load.pattern,
        "--dispatch": load.dispatch,
        "--policy": load.policy,
        "--linger-us": load.linger_us,
        "--ack": load.ack,
        "--wait": load.wait,
        "--placement": load.placement,
        "--items": load.items,
        "--duration": None if load.duration_s is None else plain(load.duration_s),
        "--warmup": plain(load.warmup_s),
        "--seed": request.seed,
        "--verify": load.verify,
        "--rate": None if load.rate_per_s is None else plain(load.rate_per_s),
        "--stamp-every": load.stamp_every,
        "--in-flight": load.in_flight if load.pattern == "pingpong" else None,
        "--messages": request.messages_path if load.messages else None,
        "--messages-format": load.messages.format if load.messages else None,
        "--inject": request.inject,
        "--stall": plain(request.stall_s),
        "--deadline": plain(request.deadline_s),
        "--parent": request.parent_pid,
        "--producer-address": request.ends.producer_address if request.ends else None,
        "--consumer-address": request.ends.consumer_address if request.ends else None,
        "--consumer-netns": request.ends.consumer_netns if request.ends else None,
        "--server": request.server,
    }
    arguments = ["trial", request.case.transport]
    for name, value in options.items():
        if value is not None:
            arguments += [name, str(value)]
    for name, value in request.case.params.items():
        arguments += ["-P", f"{name}={value}"]
    return arguments


def _mix(mix: Mix) -> str:
    """``64:70,1024:25.5,16384:4.5``"""
    return ",".join(f"{part.size_bytes}:{part.share_percent:g}" for part in mix)


def plain(value: float) -> str:
    """A decimal number without exponent and without rounding: ``0.00005``, not ``5e-05``."""
    return f"{Decimal(repr(value)):f}"


class EventReader:
    """Takes a runner's stdout as it comes and keeps its one result, or the first breach of the contract."""

    def __init__(self, run_id: str, on_event: Callable[[Event], None] | None = None) -> None:
        self.result: Result | None = None
        self.ready: Ready | None = None
        self.breach: str | None = None
        self._run_id = run_id
        self._on_event = on_event
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Some bytes of stdout; every whole line in them is read at once. After a breach all is dropped."""
        if self.breach is not None:
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LINE_HIGH_BYTES:
            self._break(f"printed a line of more than {LINE_HIGH_BYTES} bytes")
        for line in lines:
            self._line(line)

    def end(self) -> None:
        """Stdout is closed: what is left must have been whole lines."""
        if self._rest and self.breach is None:
            self._break(f"ended in the middle of a line: {_quoted(self._rest)}")

    def _line(self, line: bytes) -> None:
        if self.breach is not None:
            return
        if self.result is not None:
            self._break(f"printed more after its result: {_quoted(line)}")
            return
        try:
            event = decode_event(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self._break(_misread(line, error))
            return
        misplaced = self._misplaced(event)
        if misplaced is not None:
            self._break(misplaced)
            return
        self._keep(event)

    def _keep(self, event: Event) -> None:
        if isinstance(event, Ready):
            self.ready = event
        elif isinstance(event, Result):
            self.result = event
        if self._on_event is not None:
            self._on_event(event)

    def _misplaced(self, event: Event) -> str | None:
        """What is wrong with a well-formed event that comes here and now, or None."""
        if isinstance(event, Tick):
            return None if self.ready else "printed tick before ready"
        if event.run_id != self._run_id:
            return f"answered for run {event.run_id!r}, asked was {self._run_id!r}"
        if isinstance(event, Ready) and self.ready:
            return "printed ready twice"
        if isinstance(event, Result) and event.state == "ok" and not self.ready:
            return "printed an ok result without ready"
        return None

    def _break(self, breach: str) -> None:
        if self.breach is None:
            self.breach, self._rest = breach, b""


def _misread(line: bytes, error: Exception) -> str:
    """Why a line is not an event of this contract; another contract's number is named as such."""
    try:
        spoken: Any = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return f"printed a line that is not JSON: {_quoted(line)}"
    if isinstance(spoken, dict) and spoken.get("contract", CONTRACT) != CONTRACT:
        return f"speaks runner contract {spoken['contract']!r}; this version of queuemark speaks {CONTRACT}"
    return f"printed a line that is no event of the contract ({error}): {_quoted(line)}"


def _quoted(line: bytes, shown: int = 80) -> str:
    text = line[:shown].decode("utf-8", "replace")
    return repr(text) + ("..." if len(line) > shown else "")
