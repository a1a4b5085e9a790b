"""One trial: a fresh process tree that pushed one workload through one transport once.

1. Counts and times are stored; rates, per-message costs and fairness are derived from them, added
   on output, and ignored and recomputed on input.
2. sent = delivered + lost, in sum and, where messages are dealt, for every consumer; where every consumer gets each
   message, delivered + lost is sent times the consumers; where there are none, both are 0. Here, and nowhere else, is
   known what that means.
3. ``ok`` is a claim: whatever its stored state says, a trial whose counts break rule 2 is presented as failed.
4. No rate is shown for a trial that failed, nor for a window under 1 ms; it says why.
5. Where whoever measured counted nothing (``proved`` is false), nothing but the rate derives: it is what was said, and
   stands nowhere without the mark "not proved".
"""

from __future__ import annotations

__all__ = [
    "ACHIEVED_LOW",
    "CONTRADICTED",
    "PROGRESS_HIGH",
    "WINDOW_LOW_NS",
    "ConsumerCounts",
    "ConsumerFigures",
    "Injected",
    "ProducerCounts",
    "Trial",
    "TrialCounts",
    "TrialFigures",
    "contradiction",
    "fairness",
    "figures",
    "stored_trial",
]

from collections.abc import Sequence
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec

from queuemark.model.broker import BrokerUse
from queuemark.model.conditions import Conditions
from queuemark.model.counters import Counters
from queuemark.model.histogram import PERCENTILES, latency_fault, mean_ns, percentiles_ns
from queuemark.model.latency import Latency
from queuemark.model.progress import rate_variation
from queuemark.model.transport import ParamValue
from queuemark.model.units import Count
from queuemark.model.workload import Workload

WINDOW_LOW_NS = 1_000_000
"""A shorter window says more about the clock and the scheduler than about the mechanism."""

ACHIEVED_LOW = 0.99
"""A producer that sends a smaller share of what it was to send is saturated: the rate that was set is not what was
offered."""

PROGRESS_HIGH = 64
"""Points of a trial's progress, however long it is."""

CONTRADICTED = "the trial is recorded as ok, which its counts contradict"
"""How the reason of a trial begins that is none any more."""

State = Literal["ok", "failed", "unavailable"]


class Injected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The one fault that a trial was asked to make, on which consumer's stream and at which of its messages.

    consumer: null where the fault was made at the producer and consumers compete or all get the message.
    """

    fault: str
    consumer: Count | None
    message: Count


class ConsumerCounts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What one consumer saw, warm-up excluded.

    cpus: those it was pinned to; empty when free.
    dealt: messages that the producer gave to this consumer; null where consumers compete; in a fan-out all of them.
    delivered: messages that arrived once or more, corrupted ones included.
    lost: of those dealt, how many never arrived. Where consumers compete a lost message belongs to
        none of them and stands in the trial's sum alone.
    checked: messages whose whole content was compared.
    calls: system calls on the data path, failed tries included.
    cpu_ns: user and system time.
    """

    index: Count
    cpus: list[Count]
    dealt: Count | None
    delivered: Count
    lost: Count
    duplicated: Count
    reordered: Count
    corrupted: Count
    checked: Count
    window_ns: Count
    calls: Count
    bytes_received: Count
    cpu_ns: Count
    switches_voluntary: Count
    switches_involuntary: Count
    peak_memory_bytes: Count


class ProducerCounts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What the producer did, warm-up excluded. bytes_sent: accepted by the mechanism, framing included."""

    cpus: list[Count]
    sent: Count
    calls: Count
    bytes_sent: Count
    cpu_ns: Count
    switches_voluntary: Count
    switches_involuntary: Count
    peak_memory_bytes: Count


class TrialCounts(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What a runner knows of a trial and what is stored of it.

    state: ``ok``, every message is accounted for; ``failed``, with reason; ``unavailable``, with reason and remedy.
    sent: messages published, each counted once, however many consumers are to get it.
    delivered, lost: summed over the consumers.
    window_ns: the producer's first send after warm-up to the last receive of the slowest consumer.
    send_window_ns: the producer's first to its last accepted call.
    outside_ns: the trial's whole time less its window.
    bytes_on_wire: framing included; with a broker between them, of the producer's connection alone.
    message_bytes: delivered, framing excluded.
    oversubscribed: there were more workers than cpus to run them; a server that was started for the trial is one.
    granted: what the system gave for the parameters asked for.
    latency: null where messages are too small to be told apart, and where the trial was cut off.
    progress: pairs of nanoseconds since the window opened and messages delivered until then, at most 64.
    round_trips: requests whose replies came back and were what they had to be; 0 where nothing is answered.
    counters: null where the runner says nothing of them, or the trial did not come to its end.
    """

    state: State
    reason: str | None = None
    remedy: str | None = None
    seed: Count = 0
    sent: Count = 0
    delivered: Count = 0
    lost: Count = 0
    duplicated: Count = 0
    reordered: Count = 0
    corrupted: Count = 0
    checked: Count = 0
    calls: Count = 0
    cpu_ns: Count = 0
    switches_voluntary: Count = 0
    switches_involuntary: Count = 0
    bytes_on_wire: Count = 0
    message_bytes: Count = 0
    window_ns: Count = 0
    send_window_ns: Count = 0
    outside_ns: Count = 0
    peak_memory_bytes: Count = 0
    oversubscribed: bool = False
    injected: Injected | None = None
    granted: dict[str, ParamValue] = {}
    producer: ProducerCounts | None = None
    consumers: list[ConsumerCounts] = []
    latency: Latency | None = None
    progress: Annotated[list[tuple[Count, Count]], msgspec.Meta(max_length=PROGRESS_HIGH)] = []
    round_trips: Count = 0
    counters: Counters | None = None


class Trial(TrialCounts, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What one trial counted, and its place in the session.

    repeat: 0-based within its case. position: 0-based in the order in which the session ran.
    steal_ns: cpu time that the hypervisor took during the trial. conditions: what else the machine did.
    broker: null where no server was between producer and consumers.
    proved: false where whoever measured counted nothing: sent, delivered and window_ns are what was said. No runner of
        ours may measure so.
    """

    repeat: Count = 0
    position: Count = 0
    run_id: str = ""
    started_at: str = ""
    steal_ns: Count = 0
    conditions: Conditions | None = None
    broker: BrokerUse | None = None
    proved: bool = True

    @property
    def delivery_proved(self) -> bool:
        """Whether every message is accounted for, by counting."""
        return self.state == "ok" and self.proved


class ConsumerFigures(ConsumerCounts, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A consumer with its derived rate."""

    rate_per_s: float | None = None


class TrialFigures(Trial, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A trial with what derives from it; every derived field may be null.

    rate_per_s: messages delivered to all consumers in sum a second of window; with nobody there to receive them,
        accepted. rate_withheld: why there is none.
    rate_to_all_per_s: of a fan-out, what the consumer that got the fewest was delivered a second of window; else null.
    send_rate_per_s: messages accepted, each published once, a second of send window.
    goodput_bytes_per_s: message bytes delivered a second of window.
    fairness: Jain's index over the consumers' counts.
    bytes_per_call: bytes on the wire by the producer's calls.
    rate_variation: of the rate over the last windows, as a share of it; null where there are too few points (M8).
    saturated: whether under 99 % of the messages that were due until the end were sent; null where no rate was set.
    p50_ns to p9999_ns, mean_ns: of the trial's latency; a percentile is null where there are too few samples (M10).
    """

    rate_per_s: float | None = None
    rate_withheld: str | None = None
    rate_to_all_per_s: float | None = None
    send_rate_per_s: float | None = None
    goodput_bytes_per_s: float | None = None
    fairness: float | None = None
    calls_per_message: float | None = None
    cpu_ns_per_message: float | None = None
    switches_per_message: float | None = None
    bytes_per_call: float | None = None
    rate_variation: float | None = None
    cycles_per_message: float | None = None
    instructions_per_message: float | None = None
    cache_misses_per_message: float | None = None
    instructions_per_cycle: float | None = None
    saturated: bool | None = None
    p50_ns: int | None = None
    p90_ns: int | None = None
    p99_ns: int | None = None
    p999_ns: int | None = None
    p9999_ns: int | None = None
    mean_ns: float | None = None
    consumers: list[ConsumerFigures] = []  # type: ignore[assignment]


def fairness(delivered: Sequence[int]) -> float | None:
    """Jain's index, 1/n (one consumer took all) to 1 (all took the same); null when nothing was delivered.

    Source: Jain, Chiu, Hawe: A Quantitative Measure of Fairness, DEC TR-301, 1984.
    """
    squares = sum(count * count for count in delivered)
    return sum(delivered) ** 2 / (len(delivered) * squares) if squares else None


_SUMMED = ("delivered", "duplicated", "reordered", "corrupted", "checked")
_summed = attrgetter(*_SUMMED)


def contradiction(counted: TrialCounts, load: Workload) -> str | None:
    """The first reason why these counts prove no delivery of the workload, or None.

    Whether its transport may lose, repeat or reorder they cannot tell.
    """
    if counted.sent * load.copies != counted.delivered + counted.lost:
        to = f" to each of {load.copies} consumers" if load.copies > 1 else ""
        return f"sent {counted.sent}{to} is not delivered {counted.delivered} + lost {counted.lost}"
    if counted.producer is not None and counted.producer.sent != counted.sent:
        return f"sent is {counted.sent}, its producer says {counted.producer.sent}"
    totals, parts = _summed(counted), _parts(counted.consumers)
    if totals != parts:
        return _miscounted(totals, parts)
    undealt = _undealt(counted, load) if load.dispatch == "deal" else None
    if undealt or counted.corrupted:
        return undealt or f"{counted.corrupted} corrupted"
    return _unanswered(counted, load) or (latency_fault(counted.latency) if counted.latency is not None else None)


def _parts(consumers: Sequence[ConsumerCounts]) -> tuple[int, ...]:
    """Their sums, in the order of _SUMMED, by one plain loop: a record asks for them of every trial that comes in."""
    delivered = duplicated = reordered = corrupted = checked = 0
    for each in consumers:
        delivered += each.delivered
        duplicated += each.duplicated
        reordered += each.reordered
        corrupted += each.corrupted
        checked += each.checked
    return delivered, duplicated, reordered, corrupted, checked


def _miscounted(totals: Sequence[int], parts: Sequence[int]) -> str:
    """The first of what is summed that its parts do not make up."""
    name, total, part = next(each for each in zip(_SUMMED, totals, parts, strict=True) if each[1] != each[2])
    return f"{name} is {total}, its consumers' sum is {part}"


def _undealt(counted: TrialCounts, load: Workload) -> str | None:
    """What is wrong with the deal: at the first consumer that did not account for its own, or in sum."""
    for consumer in counted.consumers:
        who = f"consumer {consumer.index}"
        if consumer.dealt is None:
            return f"{who} does not say how many messages it was dealt"
        if consumer.dealt != consumer.delivered + consumer.lost:
            return f"{who} was dealt {consumer.dealt}, not delivered {consumer.delivered} + lost {consumer.lost}"
        if load.pattern == "fanout" and consumer.dealt != counted.sent:
            return f"{who} was dealt {consumer.dealt} of the {counted.sent} messages sent to every one"
    dealt = sum(consumer.dealt or 0 for consumer in counted.consumers)
    return None if dealt == counted.sent * load.copies else f"sent is {counted.sent}, its consumers were dealt {dealt}"


def _unanswered(counted: TrialCounts, load: Workload) -> str | None:
    """What is wrong with the replies: each request has one, and nothing else has."""
    due = counted.sent if load.pattern == "pingpong" else 0
    if counted.round_trips != due:
        return f"{counted.round_trips} replies came back to {due} requests"
    return f"each request was replied to and {counted.lost} were lost" if due and counted.lost else None


def _uncounted(trial: Trial, load: Workload) -> str | None:
    """What is wrong with a trial of which nothing was counted: there is nothing to tell of workers and messages."""
    if any((trial.producer, trial.latency, trial.counters, *trial.consumers)):
        return "nothing was counted, and there are counts of its workers"
    due = trial.sent * load.copies
    return None if due == trial.delivered + trial.lost else f"{due} were due, not {trial.delivered} + {trial.lost}"


def _judged(trial: Trial, load: Workload) -> Trial:
    judge = contradiction if trial.proved else _uncounted
    found = judge(trial, load) if trial.state == "ok" else None
    if found is None:
        return trial
    return msgspec.structs.replace(trial, state="failed", reason=f"{CONTRADICTED}: {found}")


def _through(trial: Trial, load: Workload) -> int:
    """Messages that were brought as far as they were to go."""
    return trial.delivered if load.consumers else trial.sent


def _withheld(trial: Trial, load: Workload) -> str | None:
    if trial.state != "ok":
        return "delivery was not proved" if trial.state == "failed" else "it did not run"
    if _through(trial, load) == 0:
        return "nothing was delivered" if load.consumers else "nothing was accepted"
    if trial.window_ns < WINDOW_LOW_NS:
        return f"the window of {trial.window_ns} ns is under 1 ms: take more items or a longer duration"
    return None


def figures(trial: Trial, load: Workload) -> TrialFigures:
    """The trial of that workload, judged again, with everything that derives from its counts, computed afresh."""
    trial = _judged(trial, load)
    withheld = _withheld(trial, load)
    shown = withheld is None and trial.proved
    messages = _through(trial, load) if trial.delivery_proved else 0
    producer_calls = trial.producer.calls if trial.producer and messages else 0
    switches = trial.switches_voluntary + trial.switches_involuntary
    counted = trial.counters or Counters()
    return msgspec.structs.replace(
        _with_room(trial),
        consumers=[_consumer_figures(consumer, shown) for consumer in trial.consumers],
        rate_per_s=_per_s(_through(trial, load), trial.window_ns, withheld is None),
        rate_withheld=withheld,
        rate_to_all_per_s=_per_s(_fewest(trial), trial.window_ns, shown and load.pattern == "fanout"),
        send_rate_per_s=_per_s(trial.sent, trial.send_window_ns, shown),
        goodput_bytes_per_s=_per_s(trial.message_bytes, trial.window_ns, shown),
        fairness=fairness([c.delivered for c in trial.consumers]) if trial.consumers else None,
        calls_per_message=_ratio(trial.calls, messages),
        cpu_ns_per_message=_ratio(trial.cpu_ns, messages),
        switches_per_message=_ratio(switches, messages),
        bytes_per_call=_ratio(trial.bytes_on_wire, producer_calls),
        rate_variation=rate_variation(trial.progress) if shown else None,
        cycles_per_message=_ratio(counted.cycles, messages),
        instructions_per_message=_ratio(counted.instructions, messages),
        cache_misses_per_message=_ratio(counted.cache_misses, messages),
        instructions_per_cycle=_ratio(counted.instructions, counted.cycles if messages else None),
        saturated=_saturated(trial, load) if messages else None,
        **(_latency_figures(trial.latency) if messages and trial.latency is not None else _NO_LATENCY_FIGURES),
    )


def _with_room(trial: Trial) -> TrialFigures:
    """The same counts where there is room for figures; what stands there is to be replaced."""
    if isinstance(trial, TrialFigures):
        return trial
    return TrialFigures(**{name: getattr(trial, name) for name in Trial.__struct_fields__ if name != "consumers"})


def _saturated(trial: Trial, load: Workload) -> bool | None:
    """Whether the producer fell behind its rate; by duration it stops when that is over, by count it goes on."""
    if load.rate_per_s is None:
        return None
    sending_s = load.duration_s if load.duration_s is not None else trial.send_window_ns / 1e9
    # The first of them is due at once: one message more or less says nothing.
    return trial.sent + 1 < ACHIEVED_LOW * load.rate_per_s * sending_s


_NO_LATENCY_FIGURES = dict.fromkeys([*PERCENTILES, "mean_ns"])


def _latency_figures(latency: Latency) -> dict[str, Any]:
    return {**percentiles_ns(latency.histogram), "mean_ns": mean_ns(latency.histogram)}


def _fewest(trial: Trial) -> int:
    return min((consumer.delivered for consumer in trial.consumers), default=0)


def _per_s(count: int, window_ns: int, shown: bool) -> float | None:
    return count * 1e9 / window_ns if shown and window_ns >= WINDOW_LOW_NS else None


def _ratio(count: int | None, by: int | None) -> float | None:
    return count / by if count is not None and by else None


def _consumer_figures(consumer: ConsumerCounts, shown: bool) -> ConsumerFigures:
    rate_per_s = _per_s(consumer.delivered, consumer.window_ns, shown)
    if isinstance(consumer, ConsumerFigures):
        known = consumer.rate_per_s == rate_per_s
        return consumer if known else msgspec.structs.replace(consumer, rate_per_s=rate_per_s)
    stored = {name: getattr(consumer, name) for name in ConsumerCounts.__struct_fields__}
    return ConsumerFigures(**stored, rate_per_s=rate_per_s)


def stored_trial(trial: TrialFigures) -> Trial:
    """The counts of a trial that came from outside; what was derived there is dropped."""
    kept = {name: getattr(trial, name) for name in Trial.__struct_fields__ if name != "consumers"}
    consumers = [
        ConsumerCounts(**{name: getattr(consumer, name) for name in ConsumerCounts.__struct_fields__})
        for consumer in trial.consumers
    ]
    return Trial(**kept, consumers=consumers)
