"""One trial: a fresh process tree that pushed one workload through one transport once.

1. Counts and times are stored; rates, per-message costs and fairness are derived from them, added
   on output, and ignored and recomputed on input.
2. sent = delivered + lost, in sum and, where messages are dealt, for every consumer.
3. No rate is shown for a trial that did not prove its delivery, nor for a window under 1 ms.
"""

from __future__ import annotations

__all__ = [
    "WINDOW_LOW_NS",
    "ConsumerCounts",
    "ConsumerFigures",
    "Injected",
    "ProducerCounts",
    "Trial",
    "TrialFigures",
    "fairness",
    "figures",
    "stored_trial",
]

from collections.abc import Sequence
from typing import Literal

import msgspec

from queuemark.model.transport import ParamValue

WINDOW_LOW_NS = 1_000_000
"""A shorter window says more about the clock and the scheduler than about the mechanism."""

State = Literal["ok", "failed", "unavailable"]


class Injected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one fault that a trial was asked to make: which, on which consumer's stream, at which of its messages.

    consumer is null where consumers compete and the fault was made at the producer.
    """

    fault: str
    consumer: int | None
    message: int


class ConsumerCounts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One consumer, warm-up excluded.

    cpus: the cpus it was pinned to, empty when free. dealt: messages that the producer gave to this
    consumer, null where consumers compete. lost: of those dealt, how many never arrived; where consumers compete a
    lost message belongs to none of them and stands in the trial's sum alone.
    delivered: arrived once or more; corrupted ones arrived too. checked: messages whose whole content was compared.
    calls: system calls on the data path, failed tries included. cpu_ns: user and system time.
    """

    index: int
    cpus: list[int]
    dealt: int | None
    delivered: int
    lost: int
    duplicated: int
    reordered: int
    corrupted: int
    checked: int
    window_ns: int
    calls: int
    bytes_received: int
    cpu_ns: int
    switches_voluntary: int
    switches_involuntary: int
    peak_memory_bytes: int


class ProducerCounts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The producer, warm-up excluded. bytes_sent: accepted by the mechanism, framing included."""

    cpus: list[int]
    sent: int
    calls: int
    bytes_sent: int
    cpu_ns: int
    switches_voluntary: int
    switches_involuntary: int
    peak_memory_bytes: int


class Trial(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What one trial counted.

    state: ``ok`` delivery proved; ``failed`` with reason; ``unavailable`` with reason and remedy.
    repeat: 0-based within its case. position: 0-based in the order in which the session ran.
    window_ns: the producer's first send after warm-up to the last receive of the slowest consumer.
    send_window_ns: first to last accepted call of the producer. outside_ns: the trial's whole time less its window.
    bytes_on_wire: framing included. granted: what the system gave for the parameters asked for.
    oversubscribed: more workers than cpus to run them. steal_ns: taken by the hypervisor during the trial.
    """

    state: State
    reason: str | None = None
    remedy: str | None = None
    repeat: int = 0
    position: int = 0
    run_id: str = ""
    started_at: str = ""
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
    steal_ns: int = 0
    peak_memory_bytes: int = 0
    oversubscribed: bool = False
    injected: Injected | None = None
    granted: dict[str, ParamValue] = {}
    producer: ProducerCounts | None = None
    consumers: list[ConsumerCounts] = []


class ConsumerFigures(ConsumerCounts, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A consumer with its derived rate."""

    rate_per_s: float | None = None


class TrialFigures(Trial, kw_only=True, forbid_unknown_fields=True):
    """A trial with what derives from it; every derived field may be null.

    rate_per_s: delivered messages a second of window. send_rate_per_s: accepted messages a second of
    send window. goodput_bytes_per_s: message bytes delivered a second. fairness: Jain's index over the consumers' counts.
    """

    rate_per_s: float | None = None
    rate_withheld: str | None = None
    send_rate_per_s: float | None = None
    goodput_bytes_per_s: float | None = None
    fairness: float | None = None
    calls_per_message: float | None = None
    cpu_ns_per_message: float | None = None
    switches_per_message: float | None = None
    bytes_per_call: float | None = None
    consumers: list[ConsumerFigures] = []  # type: ignore[assignment]


def fairness(delivered: Sequence[int]) -> float | None:
    """Jain's index, 1/n (one consumer took all) to 1 (all took the same); null when nothing was delivered.

    Source: Jain, Chiu, Hawe: A Quantitative Measure of Fairness, DEC TR-301, 1984.
    """
    squares = sum(count * count for count in delivered)
    return sum(delivered) ** 2 / (len(delivered) * squares) if squares else None


def _withheld(trial: Trial) -> str | None:
    if trial.state != "ok":
        return "delivery was not proved" if trial.state == "failed" else "it did not run"
    if trial.window_ns < WINDOW_LOW_NS:
        return f"the window of {trial.window_ns} ns is under 1 ms: take more items or a longer duration"
    return None


def figures(trial: Trial) -> TrialFigures:
    """The trial with everything that derives from its counts, computed afresh."""
    stored = {name: getattr(trial, name) for name in Trial.__struct_fields__ if name != "consumers"}
    withheld = _withheld(trial)
    shown = withheld is None and trial.delivered > 0
    messages = trial.delivered if trial.state == "ok" and trial.delivered else None
    switches = trial.switches_voluntary + trial.switches_involuntary
    rate = trial.delivered * 1e9 / trial.window_ns if shown else None
    return TrialFigures(
        **stored,
        consumers=[_consumer_figures(consumer, shown) for consumer in trial.consumers],
        rate_per_s=rate,
        rate_withheld=withheld,
        send_rate_per_s=trial.sent * 1e9 / trial.send_window_ns if shown and trial.send_window_ns else None,
        goodput_bytes_per_s=trial.message_bytes * 1e9 / trial.window_ns if shown else None,
        fairness=fairness([c.delivered for c in trial.consumers]) if trial.consumers else None,
        calls_per_message=trial.calls / messages if messages else None,
        cpu_ns_per_message=trial.cpu_ns / messages if messages else None,
        switches_per_message=switches / messages if messages else None,
        bytes_per_call=(
            trial.bytes_on_wire / trial.producer.calls if messages and trial.producer and trial.producer.calls else None
        ),
    )


def _consumer_figures(consumer: ConsumerCounts, shown: bool) -> ConsumerFigures:
    stored = {name: getattr(consumer, name) for name in ConsumerCounts.__struct_fields__}
    rate = consumer.delivered * 1e9 / consumer.window_ns if shown and consumer.window_ns else None
    return ConsumerFigures(**stored, rate_per_s=rate)


def stored_trial(trial: TrialFigures) -> Trial:
    """The counts of a trial that came from outside; what was derived there is dropped."""
    kept = {name: getattr(trial, name) for name in Trial.__struct_fields__ if name != "consumers"}
    consumers = [
        ConsumerCounts(**{name: getattr(consumer, name) for name in ConsumerCounts.__struct_fields__})
        for consumer in trial.consumers
    ]
    return Trial(**kept, consumers=consumers)
