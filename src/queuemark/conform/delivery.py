"""Checks of what a trial moves: every message, in every way that the transport offers, counted and timed."""

from __future__ import annotations

__all__ = ["CHECKS"]

from typing import Any

from queuemark.conform.bench import Bench
from queuemark.conform.check import Check, NotHere, expect
from queuemark.model.events import Ready, Tick
from queuemark.model.mix import MIX_PERIOD, MixPart
from queuemark.model.transport import Param, ParamValue
from queuemark.model.trial import Trial
from queuemark.model.workload import PLACEMENTS, SEQUENCE_BYTES, MessagesSource

MIB = 1 << 20
RATE_PER_S = 2000
MANY = 2500
"""Enough that a message in a thousand shows, and few enough for what confirms each of them on a disk."""

_OWN = (b"short", b"a line that is longer", b"x" * 2500, b"\xff\x00no text")


def _sizes(bench: Bench) -> None:
    for consumers in (1, 3):
        sizes = [size for size in (1, 7, 8, 64, 4096) if bench.fits(size, consumers)]
        for size in [*sizes, bench.largest(MIB, consumers)]:
            bench.proved(size_bytes=size, consumers=consumers, items=200 if size <= 4096 else 5)


def _plain(bench: Bench) -> None:
    bench.proved(consumers=2, items=MANY)


def _policies(bench: Bench) -> None:
    spelled = {"buffer": ("buffer:1000",), "vector": ("vector:1", "vector:7")}
    for name in bench.facts.policies:
        for policy in spelled.get(name, (name,)):
            for consumers in (1, 3):
                bench.proved(policy=policy, consumers=consumers, size_bytes=40)


def _waits(bench: Bench) -> None:
    for wait in bench.facts.waits:
        bench.proved(wait=wait, consumers=2, items=50)


def _dispatches(bench: Bench) -> None:
    for dispatch in bench.facts.dispatches:
        bench.proved(dispatch=dispatch, consumers=4)


def _placements(bench: Bench) -> None:
    for placement in PLACEMENTS:
        trial = bench.proved(placement=placement, consumers=2, items=50)
        pinned = [tuple(worker.cpus) for worker in (trial.producer, *trial.consumers) if worker is not None]
        said = [len(cpus) == (placement != "free") for cpus in pinned]
        expect(all(said), f"{placement}: the roles say that they are on the cpus {pinned}")
        one = placement == "spread" or len(set(pinned)) == 1
        expect(one, f"{placement}: the roles say that they are on the cpus {pinned}")


def _fan_out(bench: Bench) -> None:
    if "fanout" not in bench.facts.patterns:
        raise NotHere("it offers no fan-out")
    for size in (3, 64):
        trial = bench.proved(pattern="fanout", dispatch="deal", consumers=3, size_bytes=size)
        got = [consumer.delivered for consumer in trial.consumers]
        expect(got == [200] * 3 or not bench.facts.lossless, f"200 messages were to reach each consumer: {got}")


def _round_trips(bench: Bench) -> None:
    if "pingpong" not in bench.facts.patterns:
        raise NotHere("it offers no round trips")
    for in_flight in (1, 4):
        trial = bench.proved(pattern="pingpong", dispatch=_first_of(bench, "deal"), in_flight=in_flight, items=100)
        latency = trial.latency
        timed = latency is not None and (latency.kind, latency.histogram.samples) == ("round-trip", 100)
        expect(timed, f"each of 100 round trips was to be timed: {latency}")


def _few(bench: Bench) -> None:
    params: dict[str, ParamValue] = {"deal_items": 1} if _has(bench, "deal_items") else {}
    for size in (1, 64):
        bench.proved(size_bytes=size, consumers=4, items=2, params=params)


def _warm_up(bench: Bench) -> None:
    trial = bench.proved(warmup_s=0.1, items=50, consumers=2)
    expect(trial.outside_ns >= 100_000_000, f"the warm-up of 0.1 s is not outside the window: {trial.outside_ns} ns")


def _duration(bench: Bench) -> None:
    trial = bench.proved(duration_s=0.6, items=None, consumers=2)
    expect(trial.window_ns >= 600_000_000, f"0.6 s were asked for, the window is {trial.window_ns} ns")


def _events(bench: Bench) -> None:
    trial = bench.proved(duration_s=0.6, items=None, consumers=2)
    ready = [event for event in bench.events if isinstance(event, Ready)]
    ticks = [event for event in bench.events if isinstance(event, Tick)]
    expect(len(ready) == 1, f"there are {len(ready)} events ready, not one")
    expect(len(ready[0].consumer_pids) == 2, f"ready names {len(ready[0].consumer_pids)} of 2 consumers")
    expect(ready[0].granted == trial.granted, "what ready says was granted is not what result says")
    expect(1 <= len(ticks) <= 3, f"of a window of 0.6 s there are {len(ticks)} ticks; four a second are the most")
    told = [(tick.elapsed_ns, tick.sent, tick.delivered) for tick in ticks]
    expect(told == sorted(told), f"ticks go backwards: {told}")


def _own(bench: Bench) -> None:
    trial = None
    path = bench.file(b"\n".join(_OWN) + b"\n")
    total = sum(map(len, _OWN))
    largest = SEQUENCE_BYTES + max(map(len, _OWN))
    source = MessagesSource(
        name=path.name, format="lines", sha256="0" * 64, count=len(_OWN), total_bytes=total, largest_bytes=largest
    )
    loops = 25
    trial = bench.proved(messages=source, messages_path=path, size_bytes=largest, items=loops * len(_OWN))
    _holds(bench, trial, loops * (total + SEQUENCE_BYTES * len(_OWN)))


def _mix(bench: Bench) -> None:
    mix = tuple(MixPart(size_bytes=size, share_percent=percent) for size, percent in ((8, 0.5), (64, 74.5), (900, 25)))
    trial = bench.proved(mix=mix, items=MIX_PERIOD)
    _holds(bench, trial, sum(part.size_bytes * part.in_period for part in mix))


def _holds(bench: Bench, trial: Trial, message_bytes: int) -> None:
    said = f"{message_bytes} bytes of messages were to arrive, it says {trial.message_bytes}; {bench.again()}"
    expect(trial.message_bytes == message_bytes or trial.lost > 0, said)


def _sample(bench: Bench) -> None:
    for every in (1, 10, 10_000):
        trial = bench.proved(verify=f"sample:{every}", items=234)
        due = -(-234 // every)
        expect(trial.checked == due or trial.lost > 0, f"of 234 one in {every} is {due}, checked were {trial.checked}")


def _rate(bench: Bench) -> None:
    for consumers in (1, 2):
        trial = bench.proved(rate_per_s=RATE_PER_S, items=200, consumers=consumers)
        least_ns = 200 * 1_000_000_000 // RATE_PER_S
        expect(trial.window_ns >= least_ns, f"200 messages at {RATE_PER_S} a second took only {trial.window_ns} ns")
        latency = trial.latency
        samples = latency.histogram.samples if latency is not None else 0
        expect(samples + trial.lost >= 200, f"each of 200 paced messages has a latency, {samples} samples are told")
        expect(latency is not None and latency.pacing is not None, "it does not say by how much it was late")


def _stamps(bench: Bench) -> None:
    for every in (1, 7):
        latency = bench.proved(stamp_every=every, items=100, consumers=1).latency
        due = -(-100 // every)
        samples = latency.histogram.samples + latency.missed if latency is not None else 0
        expect(
            samples == due or not bench.facts.lossless, f"of 100 one in {every} is {due}; {samples} samples are told"
        )


def _granted(bench: Bench) -> None:
    trial = bench.proved()
    missing = {param.name for param in bench.transport.params} - set(trial.granted)
    expect(not missing, f"it does not say what was granted of {', '.join(sorted(missing))}")


def _params(bench: Bench) -> None:
    if not bench.transport.params:
        raise NotHere("it has no parameters")
    for param in bench.transport.params:
        values: list[ParamValue] = [*param.choices] if param.choices else [max(1, param.low or 0)]
        for value in values:
            _param(bench, param, value)


def _param(bench: Bench, param: Param, value: ParamValue) -> None:
    """A choice beside the default may need what is not here, and says so."""
    asked: dict[str, Any] = {"params": {param.name: value}, "consumers": 2, "items": 50}
    if not param.choices or value == param.default:
        bench.proved(**asked)
        return
    trial = bench.trial(**asked)
    told = f"{param.name}={value}: {trial.state}: {trial.reason}; {bench.again()}"
    expect(trial.state in ("ok", "unavailable"), told)
    expect(trial.state == "ok" or bool(trial.reason and trial.remedy), f"without a reason and a remedy, {told}")


def _has(bench: Bench, name: str) -> bool:
    return any(param.name == name for param in bench.transport.params)


def _first_of(bench: Bench, dispatch: str) -> str:
    return dispatch if dispatch in bench.facts.dispatches else bench.facts.dispatches[0]


CHECKS = (
    Check(promise="a trial that is called ok proves its delivery, to two consumers", try_it=_plain, brief=True),
    Check(promise="messages of every size arrive, from 1 byte to 1 MiB or the largest", try_it=_sizes),
    Check(promise="every policy that it offers is conserved", try_it=_policies),
    Check(promise="every wait that it offers is conserved", try_it=_waits),
    Check(promise="every dispatch that it offers is conserved, to four consumers", try_it=_dispatches),
    Check(promise="roles are pinned as the placement says, and say so", try_it=_placements),
    Check(promise="in a fan-out every consumer gets every message", try_it=_fan_out),
    Check(promise="every request has its reply, and is timed", try_it=_round_trips),
    Check(promise="fewer messages than consumers are no reason to hang", try_it=_few),
    Check(promise="the warm-up is outside the window and not counted", try_it=_warm_up),
    Check(promise="a duration is kept", try_it=_duration),
    Check(promise="ready comes once, ticks at most four a second, the result last", try_it=_events),
    Check(promise="a person's own messages keep their sizes", try_it=_own),
    Check(promise="the shares of a mix of sizes are exact", try_it=_mix),
    Check(promise="a sample of the content is as large as it says", try_it=_sample),
    Check(promise="no paced message is sent before it is due, and each has a latency", try_it=_rate),
    Check(promise="one message in so many has a latency", try_it=_stamps),
    Check(promise="it says what was granted of every parameter", try_it=_granted),
    Check(
        promise="every parameter works at its lowest, and with each of its choices that can be had here", try_it=_params
    ),
)
