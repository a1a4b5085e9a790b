"""What a call can do: claims 1 to 4."""

from __future__ import annotations

__all__ = ["MILLION_CALLS", "ONE_CONNECTION", "SECONDS", "TWO_MILLION"]

from collections.abc import Sequence
from itertools import product

from queuemark.analysis.claims.claim import Asking, Claim, Judgement, Part, judgement
from queuemark.analysis.claims.evidence import (
    Evidence,
    Interval,
    calls_per_message,
    exactly,
    figure_of,
    rate_of,
    spoken,
)
from queuemark.model.units import format_duration_s, format_rate

_CALLS_PER_S = 60_000
_TWO_MILLION_PER_S = 2_000_000
_MILLION = 1_000_000
_TCP_S, _MQ_S = 0.66, 0.48
_ITEMS, _ITEMS_HURRIED = "250k", "100k"

_CORES = {"spread": "two cores", "same": "one core"}
_NAGLE = {0: "Nagle on", 1: "Nagle off"}

_EACH = ("tcp", "udp", "unix-stream", "unix-seqpacket", "unix-dgram", "pipe", "mq-posix")
"""Those whose message is a call; a ring in memory makes none."""


def _one_connection(hurried: bool) -> Sequence[Asking]:
    tcp = Asking(transports="tcp", placements="spread,same", params={"nodelay": "0,1"})
    return (tcp, Asking(transports="udp", placements="spread,same"))


def _judge_one_connection(evidence: Evidence) -> Judgement:
    parts = []
    for placement, cores in _CORES.items():
        for nodelay, nagle in _NAGLE.items():
            rate = evidence.rate("tcp", placement=placement, nodelay=nodelay)
            under = {"the mechanism": "tcp", "Nagle's delay": nagle, "placement": cores}
            parts += _against_calls(f"tcp, {nagle}, {cores}", rate, under)
        rate = evidence.rate("udp", placement=placement)
        parts += _against_calls(f"udp, {cores}", rate, {"the mechanism": "udp", "placement": cores})
    return judgement(parts)


def _against_calls(label: str, rate: Interval | None, under: dict[str, str]) -> list[Part]:
    if rate is None:
        return []
    told = f"{spoken(rate, format_rate)} delivered, a call each"
    ratio, figure = rate.over(exactly(_CALLS_PER_S)), format_rate(rate.value)
    return [Part(label=label, ratio=ratio, agrees="below", figure=figure, told=told, under=under)]


ONE_CONNECTION = Claim(
    number=1,
    text="One connection and an endless loop of send cannot pass 60,000 calls a second",
    voice="A single TCP connection, sending 16 bytes in a loop as fast as it goes, ends at 60,000 calls a second, and "
    "UDP does not do better.",
    rule="messages delivered a second, of one call each, by 60,000; what was sent and did not arrive does not count",
    askings=_one_connection,
    judge=_judge_one_connection,
)


_GATHERED = tuple(product(("tcp", "unix-stream", "pipe"), ("buffer:16384",)))


def _two_million(hurried: bool) -> Sequence[Asking]:
    names = ",".join(dict.fromkeys(name for name, _ in _GATHERED))
    round_trips = Asking(transports="tcp", patterns="pingpong")
    return (Asking(transports=names, policies="each,buffer:16k"), round_trips)


def _judge_two_million(evidence: Evidence) -> Judgement:
    parts, remarks = [], []
    for name, policy in _GATHERED:
        remarks += _of_single_calls(name, evidence.rate(name))
        result = evidence.find(name, policy)
        calls = calls_per_message(result) if result is not None else None
        if result is None or calls is None:
            continue
        rate, label = rate_of(result), f"{name}, buffer of 16 KiB"
        if rate.low is None or rate.low <= _TWO_MILLION_PER_S:
            remarks.append(f"{label}: {spoken(rate, format_rate)} is not two million beyond doubt, so it shows nothing")
            continue
        made = f"{calls.value * _TWO_MILLION_PER_S:,.0f} calls for two million"
        told = f"{made}, at {spoken(rate, format_rate)}"
        under = {"the mechanism": name}
        parts.append(Part(label=label, ratio=calls, agrees="above", figure=made, told=told, under=under))
    round_trips = evidence.rate("tcp", pattern="pingpong")
    if round_trips is not None:
        remarks.append(f"tcp, each message answered before the next: {spoken(round_trips, format_rate)} there and back")
    confirmed = "each buffer was flushed at the end, and every consumer confirmed what it got before a trial ended"
    return judgement(parts, [*remarks, *([confirmed] * bool(parts))])


def _of_single_calls(name: str, rate: Interval | None) -> list[str]:
    return [f"{name}, a call a message: {spoken(rate, format_rate)}"] if rate is not None else []


TWO_MILLION = Claim(
    number=2,
    text="Two million messages a second need two million calls",
    voice="Two million requests a second are impossible, since each is a call into the kernel.",
    rule="calls of the producer for a message, by 1, of whatever passes two million messages a second",
    askings=_two_million,
    judge=_judge_two_million,
)


_BARE = (("an empty call", "syscall"), ("a write to /dev/null", "write-null"))
"""Calls that do next to nothing, and their probes."""


def _million_calls(hurried: bool) -> Sequence[Asking]:
    return (Asking(transports=",".join(_EACH)),)


def _judge_million_calls(evidence: Evidence) -> Judgement:
    parts, remarks = [], []
    for label, name in _BARE:
        cost_ns = evidence.probe(name)
        if cost_ns is None:
            remarks.append(f"{label} was not measured in this session")
            continue
        parts.append(_against_two_million(label, exactly(1e9).over(cost_ns), {"what the call does": label}))
    for name in _EACH:
        rate = evidence.rate(name)
        if rate is not None:
            label = f"{name}, send"
            parts.append(_against_two_million(label, rate, {"what the call does": f"send by {name}"}))
    if len(remarks) == len(_BARE):
        # Sends alone do not tell what is possible.
        return Judgement(verdict="not decided", parts=parts, remarks=remarks)
    return judgement(parts, remarks)


def _against_two_million(label: str, rate: Interval, under: dict[str, str]) -> Part:
    ratio, figure = rate.over(exactly(_TWO_MILLION_PER_S)), format_rate(rate.value)
    told = spoken(rate, format_rate)
    return Part(label=label, ratio=ratio, agrees="above", figure=figure, told=told, under=under)


MILLION_CALLS = Claim(
    number=3,
    text="Two million system calls a second are possible",
    voice="The kernel is entered and left within a few hundred nanoseconds, so two million a second are no wonder.",
    rule="calls a second by two million: the empty call and the write by their probes, the others as delivered",
    askings=_million_calls,
    judge=_judge_million_calls,
)


def _seconds(hurried: bool) -> Sequence[Asking]:
    items = _ITEMS_HURRIED if hurried else _ITEMS
    return (
        Asking(transports="tcp", sizes="64", policies="split,each", items=items, params={"nodelay": "0"}),
        Asking(transports="mq-posix", sizes="64", items=items),
    )


def _judge_seconds(evidence: Evidence) -> Judgement:
    tcp, tcp_each = _million_s(evidence, "tcp", "split"), _million_s(evidence, "tcp", "each")
    mq = _million_s(evidence, "mq-posix", "each")
    parts = [
        *_within("tcp with two writes, in 0.66 s", tcp, exactly(_TCP_S)),
        *_within("mq-posix with one call, in 0.48 s", mq, exactly(_MQ_S)),
        *_within("mq-posix sooner than tcp with two writes", mq, tcp),
        *_within("tcp with one write sooner than with two", tcp_each, tcp),
    ]
    return judgement(parts, depends_on="which part of it is meant: the seconds, or what follows from fewer calls")


def _million_s(evidence: Evidence, name: str, policy: str) -> Interval | None:
    """Seconds for a million messages, also where fewer were sent."""
    result = evidence.find(name, policy, size_bytes=64, items=..., **({"nodelay": 0} if name == "tcp" else {}))
    window_ns = figure_of(result, "window_ns") if result is not None else None
    if result is None or window_ns is None or not result.case.workload.items:
        return None
    return window_ns.times(_MILLION / result.case.workload.items / 1e9)


def _within(label: str, took_s: Interval | None, bound_s: Interval | None) -> list[Part]:
    if took_s is None or bound_s is None:
        return []
    told = f"{spoken(took_s, format_duration_s)} against {format_duration_s(bound_s.value)}"
    ratio, figure = took_s.over(bound_s), format_duration_s(took_s.value)
    return [Part(label=label, ratio=ratio, agrees="below", figure=figure, told=told)]


SECONDS = Claim(
    number=4,
    text="TCP moves a million messages in 0.66 s with two writes each, a POSIX queue in 0.48 s with one call",
    voice="Measured on the machine of the one who said it: 0.66 s by TCP, length and body written one after the other, "
    "0.48 s by mq_send.",
    rule="seconds for a million messages of 64 bytes, reckoned up from fewer, by what was claimed or by the other's",
    askings=_seconds,
    judge=_judge_seconds,
)
