"""One run of a runner from a shell's point of view, and what it must add up to.

1. Runners and transports are those that ``queuemark list`` would name; one that joins there joins the suite.
2. What was delivered is reckoned here again from the consumers' own counts; the runner's sums are not believed.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from queuemark.brokers.registry import Servers
from queuemark.model.events import Event, Ready, Result, Tick, decode_event
from queuemark.model.histogram import latency_fault
from queuemark.model.transport import Facts, Param
from queuemark.model.workload import SEQUENCE_BYTES, VECTOR_HIGH, VECTOR_HIGH_BYTES, policy_name, policy_value
from queuemark.runners.registry import Offer, survey
from tests.serving_brokers import server_words

__all__ = [
    "OFFERS",
    "Load",
    "Run",
    "assert_kept_contract",
    "assert_proved",
    "dealt",
    "dispatch_of",
    "fits",
    "offer_of",
    "params_of",
    "policies",
    "run_load",
    "run_words",
    "trial_command",
]

OFFERS: list[Offer] = Servers().surveyed(survey()).offers

FRAMING_BYTES = {"tcp": 4, "unix-stream": 4, "udp": 0, "unix-seqpacket": 0, "unix-dgram": 0, "pipe": 0, "mq-posix": 0}
"""What a message costs on the wire beyond its size, where that is known here."""

_FRAMING_HIGH_BYTES = 64
_NUMBERED_HIGH_BYTES = 128
_run_numbers = count(1)


def offer_of(name: str, runtime: str = "native") -> Offer | None:
    """The transport of that name, or None where no runner here names it."""
    return next((o for o in OFFERS if (o.transport.name, o.transport.runtime) == (name, runtime)), None)


@dataclass(frozen=True)
class Load:
    """What a trial is asked for; more: further options by their names on the command line."""

    size: int = 64
    consumers: int = 1
    items: int | None = 500
    pattern: str = "share"
    policy: str = "each"
    wait: str = "block"
    placement: str = "spread"
    dispatch: str | None = None
    verify: str = "full"
    warmup: float = 0
    seed: int = 1
    inject: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def copies(self) -> int:
        """How many consumers are to get each message."""
        return self.consumers if self.pattern == "fanout" else 1

    def words(self) -> list[str]:
        names = (
            *("size", "consumers", "items", "pattern", "policy", "wait", "placement", "dispatch", "verify", "seed"),
            "inject",
        )
        options = {name: getattr(self, name) for name in names} | {"warmup": f"{self.warmup:g}"} | self.more
        words = [str(w) for name, value in options.items() if value is not None for w in (f"--{name}", value)]
        return words + [word for name, value in self.params.items() for word in ("-P", f"{name}={value}")]


@dataclass(frozen=True)
class Run:
    """How it ended and what it printed."""

    command: Sequence[str]
    run_id: str
    exit_code: int
    stdout: bytes
    stderr: str
    wall_ns: int

    def events(self) -> list[Event]:
        return [decode_event(line) for line in self.stdout.splitlines()]

    @property
    def result(self) -> Result:
        last = self.events()[-1]
        assert isinstance(last, Result), self
        return last

    @property
    def ready(self) -> Ready:
        first = self.events()[0]
        assert isinstance(first, Ready), self
        return first


def trial_command(offer: Offer, params: Mapping[str, Any] | None = None) -> list[str]:
    """A trial of the transport, its options left out; where it needs a broker, one that runs as params say."""
    return [*offer.command, "trial", offer.transport.name, *server_words(offer.transport, params)]


def run_words(
    offer: Offer,
    words: Sequence[str],
    before: Sequence[str] = (),
    timeout_s: float = 60,
    params: Mapping[str, Any] | None = None,
) -> Run:
    """Performs one trial; before: a command that runs the runner, strace(1) say. params: those that a server knows."""
    run_id = f"test-{next(_run_numbers)}"
    command = [*before, *trial_command(offer, params), "--run-id", run_id, *words]
    began_ns = time.monotonic_ns()
    ended = subprocess.run(
        command, capture_output=True, timeout=timeout_s, check=False, stdin=subprocess.DEVNULL, close_fds=False
    )
    wall_ns = time.monotonic_ns() - began_ns
    return Run(command, run_id, ended.returncode, ended.stdout, ended.stderr.decode(errors="replace"), wall_ns)


def run_load(offer: Offer, load: Load, **more: Any) -> Run:
    return run_words(offer, load.words(), params=load.params, **more)


def dispatch_of(offer: Offer, load: Load) -> str:
    """What is done where nothing is said of it: the transport's first, or a way to each where they do not share."""
    offered = offer.transport.facts.dispatches
    preferred = "deal" if load.pattern != "share" and "deal" in offered else offered[0]
    return load.dispatch or preferred


def policies(facts: Facts, consumers: int, size: int) -> list[str]:
    """Every policy that the facts name; buffers of one byte, of an odd few, and as large as may be; so with vectors."""
    whole = facts.whole_bytes if consumers > 1 else None
    longest = max(1, min(VECTOR_HIGH, (whole or VECTOR_HIGH_BYTES) // size))
    spelled = {
        "buffer": ["buffer:1", "buffer:1000", f"buffer:{whole or 65536}"],
        "vector": [f"vector:{messages}" for messages in dict.fromkeys((1, min(7, longest), longest))],
    }
    return [text for name in facts.policies for text in spelled.get(name, [name])]


def fits(facts: Facts, size: int, consumers: int) -> bool:
    """Whether a message of this size is possible at all."""
    torn = consumers > 1 and facts.whole_bytes is not None and size > facts.whole_bytes
    return size <= facts.max_size_bytes and not torn


def params_of(offer: Offer, *units: str) -> list[Param]:
    return [param for param in offer.transport.params if param.unit in units]


def dealt(items: int, consumers: int, deal_items: int) -> list[int]:
    """What each consumer gets when messages are dealt in turns; dealt out one by one, as with cards."""
    counts = [0] * consumers
    for number in range(items):
        counts[number // deal_items % consumers] += 1
    return counts


def assert_kept_contract(run: Run) -> Result:
    """One event a line, in order, of this run; the exit code says what the result says."""
    assert run.stdout.endswith(b"\n"), run
    events = run.events()
    assert events, run
    *before, result = events
    assert isinstance(result, Result), run
    assert result.run_id == run.run_id
    assert [type(event) for event in before] == [Ready, *[Tick] * (len(before) - 1)][: len(before)], run
    if before:
        ready = run.ready
        assert ready.run_id == run.run_id
        pids = [ready.producer_pid, *ready.consumer_pids]
        # Roles that are tasks of one event loop share one thread, any others share none.
        assert len(set(pids)) in (1, len(pids)), run
        assert ready.granted == result.granted
    assert run.exit_code == {"ok": 0, "failed": 4, "unavailable": 3}[result.state], run
    assert (result.reason is None) == (result.state == "ok"), run
    return result


def assert_proved(offer: Offer, load: Load, run: Run) -> Result:
    """An ``ok`` trial in which every message asked for arrived once, at whom it was dealt to, and was looked at.

    On a transport that may lose: arrived, or was counted as lost at whom it was dealt to.
    """
    result = assert_kept_contract(run)
    assert (result.state, result.reason, result.injected) == ("ok", None, None), run
    if load.items is not None:
        assert result.sent == load.items
    _assert_conserved(offer, load, result)
    _assert_checked(load, result)
    _assert_bytes_and_calls(offer, load, result)
    _assert_times(load, run, result)
    _assert_latency(offer, load, result)
    return result


def _assert_conserved(offer: Offer, load: Load, result: Result) -> None:
    consumers = result.consumers
    assert [consumer.index for consumer in consumers] == list(range(load.consumers))
    assert result.producer is not None
    assert result.producer.sent == result.sent
    assert sum(consumer.delivered for consumer in consumers) == result.delivered
    assert result.round_trips == (result.sent if load.pattern == "pingpong" else 0)
    assert result.delivered + result.lost == result.sent * load.copies
    for name in ("lost", "duplicated", "reordered", "corrupted"):
        assert sum(getattr(c, name) for c in consumers) == getattr(result, name)
        assert getattr(result, name) == 0 or (name != "corrupted" and not offer.transport.facts.lossless)
    if dispatch_of(offer, load) == "compete":
        assert {consumer.dealt for consumer in consumers} == {None}
        return
    assert [consumer.dealt for consumer in consumers] == [consumer.delivered + consumer.lost for consumer in consumers]
    if load.pattern == "fanout":
        assert {consumer.dealt for consumer in consumers} == {result.sent}
        return
    deal_items = result.granted.get("deal_items")
    if load.items is not None and isinstance(deal_items, int):
        assert [consumer.dealt for consumer in consumers] == dealt(load.items, load.consumers, deal_items)


def _assert_checked(load: Load, result: Result) -> None:
    assert sum(consumer.checked for consumer in result.consumers) == result.checked
    if load.verify == "full" or result.lost:
        # Around a loss more than the sample is looked at.
        arrived = result.delivered + result.duplicated
        assert result.checked == arrived if load.verify == "full" else result.checked <= arrived
        return
    every = int(load.verify.partition(":")[2])
    streams = [c.delivered for c in result.consumers if c.dealt is not None] or [result.sent]
    assert result.checked == sum((count + every - 1) // every for count in streams)


def _assert_bytes_and_calls(offer: Offer, load: Load, result: Result) -> None:
    assert result.producer is not None
    received = sum(c.bytes_received for c in result.consumers)
    brokered = offer.transport.facts.broker is not None
    # A broker puts into other frames what it passes on, and to several what it got once; and where all consumers read
    # the same memory, it is written once.
    written = {result.producer.bytes_sent, result.producer.bytes_sent * load.copies}
    assert brokered or received in written or result.lost
    if brokered:
        assert result.bytes_on_wire >= result.producer.bytes_sent
    elif load.pattern != "pingpong":
        assert result.bytes_on_wire == result.producer.bytes_sent
    elif {"messages", "mix"} & load.more.keys():
        assert result.bytes_on_wire > result.producer.bytes_sent
    else:
        assert result.bytes_on_wire == 2 * result.producer.bytes_sent, "as much comes back"
    framing_bytes, rest = divmod(received - result.message_bytes, result.delivered)
    # A frame that says its length in digits has more of them around a longer message; one that says which delivery it
    # is, around a later one.
    numbered = offer.transport.facts.redelivers
    assert rest == 0 or numbered or (brokered and {"messages", "mix"} & load.more.keys())
    assert 0 <= framing_bytes <= (_NUMBERED_HIGH_BYTES if numbered else _FRAMING_HIGH_BYTES)
    assert framing_bytes == FRAMING_BYTES.get(offer.transport.name, framing_bytes)
    if not {"messages", "mix"} & load.more.keys():
        assert result.message_bytes == result.delivered * load.size
    assert result.calls == result.producer.calls + sum(c.calls for c in result.consumers)
    if offer.transport.facts.copies:
        _assert_calls(offer, load, result, framing_bytes)
    else:
        # Where messages are written and read in place, only sleeping and waking takes calls.
        assert load.wait != "spin" or result.calls == 0


def _assert_calls(offer: Offer, load: Load, result: Result, framing_bytes: int) -> None:
    assert result.producer is not None
    name, value = policy_name(load.policy), policy_value(load.policy)
    # A broker is told once what goes to several, in frames of its own.
    brokered = offer.transport.facts.broker is not None
    sent = result.sent if brokered else result.sent * load.copies
    frame_bytes = load.size + (_FRAMING_HIGH_BYTES if brokered else framing_bytes)
    messages_high = {"each": 1, "vector": value}.get(name)
    if messages_high:
        low = -(-sent // messages_high)
    elif name == "buffer":
        low = -(-result.producer.bytes_sent // max(value, frame_bytes))
    else:
        low = 2 * sent
    assert result.producer.calls >= low
    if offer.transport.facts.boundaries and messages_high == 1:
        assert all(c.calls > c.delivered for c in result.consumers), "the end mark takes a call, too"
    elif offer.transport.facts.boundaries:
        assert all(c.calls * (messages_high or 1) >= c.delivered for c in result.consumers)


def _assert_latency(offer: Offer, load: Load, result: Result) -> None:
    """Of every message that ought to have a sample there is one; of those that were lost there is none."""
    competes = dispatch_of(offer, load) == "compete"
    if competes and load.consumers > 1 and load.size < SEQUENCE_BYTES:
        assert result.latency is None, "messages without a number cannot be told apart"
        return
    latency = result.latency
    assert latency is not None
    assert latency_fault(latency) is None
    streams = [result.sent] if competes or load.pattern == "fanout" else [c.dealt or 0 for c in result.consumers]
    paced = "rate" in load.more
    kind = "round-trip" if load.pattern == "pingpong" else "one-way"
    assert (latency.kind, latency.raw is None, latency.pacing is None) == (kind, not paced, not paced)
    stamped = sum(-(-count // (latency.raw_every if paced else latency.every)) for count in streams)
    told = load.more.get("stamp-every")
    assert told in (None, latency.raw_every if paced else latency.every)
    if latency.raw is not None and latency.pacing is not None:
        assert latency.every == 1
        assert latency.pacing.samples == stamped
        assert latency.histogram.samples == result.delivered or result.lost
        assert latency.raw.samples + latency.missed <= stamped * load.copies
        assert latency.raw.sum_ns <= latency.histogram.sum_ns
    samples = (latency.histogram if latency.raw is None else latency.raw).samples
    if not result.lost:
        assert (samples, latency.missed) == (stamped * load.copies, 0)
    assert samples + latency.missed <= stamped * load.copies
    assert latency.histogram.max_ns <= result.window_ns


def _assert_times(load: Load, run: Run, result: Result) -> None:
    assert 0 < result.send_window_ns <= result.window_ns
    assert max(consumer.window_ns for consumer in result.consumers) == result.window_ns
    assert result.window_ns + result.outside_ns <= run.wall_ns
    assert result.outside_ns >= load.warmup * 1e9
    assert result.cpu_ns > 0
    assert result.peak_memory_bytes > 0
