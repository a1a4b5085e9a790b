"""What a runner prints while it performs a trial: one JSON object a line on stdout.

1. ``ready`` comes once, when every end is open and one probe message has passed.
2. ``tick`` comes at most four times a second, from the sleeping parent, never from the hot loop.
3. ``result`` comes once, last, also when the trial failed; its fields are those of the stored trial
   that a runner can know. A runner that could not even begin prints ``result`` with state ``failed`` or ``unavailable``.
"""

from __future__ import annotations

__all__ = ["CONTRACT", "Event", "Ready", "Result", "Tick", "decode_event"]

from typing import Literal

import msgspec

from queuemark.model.transport import ParamValue
from queuemark.model.trial import ConsumerCounts, Injected, ProducerCounts, State

CONTRACT = 1


class Ready(msgspec.Struct, tag_field="event", tag="ready", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The process ids, so that others may watch them, and what the system granted."""

    contract: Literal[1]
    run_id: str
    producer_pid: int
    consumer_pids: list[int]
    granted: dict[str, ParamValue]


class Tick(msgspec.Struct, tag_field="event", tag="tick", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """elapsed_ns since the window opened; sent and delivered so far, warm-up excluded."""

    elapsed_ns: int
    sent: int
    delivered: int


class Result(msgspec.Struct, tag_field="event", tag="result", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The end of a trial; units and meanings as in queuemark.model.trial.Trial."""

    contract: Literal[1]
    run_id: str
    state: State
    reason: str | None = None
    remedy: str | None = None
    seed: int = 0
    sent: int = 0
    delivered: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    corrupted: int = 0
    checked: int = 0
    calls: int = 0
    cpu_ns: int = 0
    switches_voluntary: int = 0
    switches_involuntary: int = 0
    bytes_on_wire: int = 0
    message_bytes: int = 0
    window_ns: int = 0
    send_window_ns: int = 0
    outside_ns: int = 0
    peak_memory_bytes: int = 0
    oversubscribed: bool = False
    injected: Injected | None = None
    granted: dict[str, ParamValue] = {}
    producer: ProducerCounts | None = None
    consumers: list[ConsumerCounts] = []


Event = Ready | Tick | Result

_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Ready | Tick | Result)


def decode_event(line: bytes | str) -> Event:
    """One line of a runner's stdout.

    Raises: msgspec.ValidationError or msgspec.DecodeError for what breaks the contract.
    """
    return _decoder.decode(line)
