"""What a runner prints while it performs a trial: one JSON object a line on stdout.

1. ``ready`` comes once, when every end is open and one probe message has passed.
2. ``tick`` comes at most four times a second, from the sleeping parent, never from the hot loop.
3. ``result`` comes once, last, also when the trial failed or could not even begin (then with state
   ``failed`` or ``unavailable``); its fields are those of the stored trial that a runner can know.
"""

from __future__ import annotations

__all__ = ["CONTRACT", "Event", "Ready", "Result", "Tick", "decode_event"]

from typing import Final, Literal

import msgspec

from queuemark.model.transport import ParamValue
from queuemark.model.trial import TrialCounts
from queuemark.model.units import Count

CONTRACT: Final = 1


class Ready(msgspec.Struct, tag_field="event", tag="ready", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The process ids, so that others may watch them, and what the system granted."""

    contract: Literal[1]
    run_id: str
    producer_pid: Count
    consumer_pids: list[Count]
    granted: dict[str, ParamValue]


class Tick(msgspec.Struct, tag_field="event", tag="tick", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So far, warm-up excluded; elapsed_ns: since the window opened."""

    elapsed_ns: Count
    sent: Count
    delivered: Count


class Result(TrialCounts, tag_field="event", tag="result", kw_only=True, forbid_unknown_fields=True):
    """The end of a trial."""

    contract: Literal[1]
    run_id: str


Event = Ready | Tick | Result

_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Ready | Tick | Result)


def decode_event(line: bytes | str) -> Event:
    """One line of a runner's stdout.

    Raises: msgspec.ValidationError or msgspec.DecodeError for what breaks the contract.
    """
    return _decoder.decode(line)
