"""What throughput costs in latency: claim 7."""

from __future__ import annotations

__all__ = ["PRICE_OF_THROUGHPUT"]

from collections.abc import Sequence
from itertools import product

from queuemark.analysis.claims.claim import Asking, Claim, Judgement, Part, judgement
from queuemark.analysis.claims.evidence import Evidence, Interval, spoken
from queuemark.model.units import format_duration_s, format_rate

_RATE = "20k"
_RATE_PER_S = 20_000.0
_LINGER_US = 1000
_NAMES = ("tcp", "unix-stream")
_BOUGHT = (("buffer:16384", "buffer of 16 KiB, lingering 1 ms", _LINGER_US), ("vector:64", "64 a call", 0))


def _front(hurried: bool) -> Sequence[Asking]:
    names = ",".join(_NAMES)
    return (
        Asking(transports=names, policies="each,buffer:16k,vector:64"),
        Asking(transports=names, policies="each,vector:64", rates=_RATE),
        Asking(transports=names, policies="buffer:16k", linger_us=str(_LINGER_US), rates=_RATE),
    )


def _judge_front(evidence: Evidence) -> Judgement:
    parts, remarks = [], []
    for name, (policy, words, linger_us) in product(_NAMES, _BOUGHT):
        bought = _ratio(evidence.rate(name, policy), evidence.rate(name))
        each_ns = evidence.p99_ns(name, rate_per_s=_RATE_PER_S)
        late_ns = evidence.p99_ns(name, policy, rate_per_s=_RATE_PER_S, linger_us=linger_us)
        if bought is None or each_ns is None or late_ns is None:
            continue
        label = f"{name}, {words}"
        if bought.low is None or bought.low <= 1:
            remarks.append(f"{label}: is not faster than a call a message beyond doubt, so nothing was bought")
            continue
        parts.append(_price(name, words, bought, late_ns, each_ns))
    return judgement(parts, [*remarks, *([] if parts else ["needs latencies at a set rate beside saturated rates"])])


def _ratio(one: Interval | None, other: Interval | None) -> Interval | None:
    return one.over(other) if one is not None and other is not None else None


def _price(name: str, words: str, bought: Interval, late_ns: Interval, each_ns: Interval) -> Part:
    return Part(
        label=f"{name}, {words}",
        ratio=late_ns.over(each_ns),
        agrees="above",
        figure=f"{bought.value:.3g} times the rate, p99 {_ns(late_ns.value)} instead of {_ns(each_ns.value)}",
        told=f"p99 {spoken(late_ns, _ns)} against {spoken(each_ns, _ns)} of a call a message, "
        f"both at {format_rate(_RATE_PER_S)}",
        under={"the policy": words, "the mechanism": name},
    )


def _ns(value: float) -> str:
    return format_duration_s(value / 1e9)


PRICE_OF_THROUGHPUT = Claim(
    number=7,
    text="Latency suffers when throughput is bought",
    voice="The highest throughput and the lowest latency exclude each other.",
    rule="p99 of a policy that is faster when saturated by p99 of a call a message, both at 20,000 messages a second",
    askings=_front,
    judge=_judge_front,
)
