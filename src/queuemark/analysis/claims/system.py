"""What sets the limit, the operating system or the hardware: claim 10.

The kernel's part of a message is what its path costs, calls included, and the wake-ups that the trials counted. The
hardware's part is copying its bytes there and back, and the cache lines that carry them to the other core. The path
copies too: of so few bytes that is a nanosecond or two, and it stays with the kernel's part. Parts of one message
overlap with those of others, a wake-up above all: their sum is work and waiting, not the time from message to message.
"""

from __future__ import annotations

__all__ = ["SYSTEM"]

from collections.abc import Sequence
from math import ceil

from queuemark.analysis.claims.claim import Asking, Claim, Judgement, Part, judgement
from queuemark.analysis.claims.evidence import Evidence, Interval, exactly, rate_of, spoken
from queuemark.model.session import CaseResult
from queuemark.model.units import format_duration_s, format_rate

_NAMES = ("tcp", "udp", "unix-stream", "unix-dgram", "pipe", "mq-posix")
_PLACED = ("tcp", "unix-stream", "pipe")
_PLACEMENTS = ("same", "spread", "free")
_SIZE_BYTES = 16
_COPIES = 2
"""Into the kernel and out of it."""

_LINE_BYTES = 64
_COPIED_BYTES = 4096
"""The smallest block whose copying is probed; it stays in the nearest cache, as messages do."""


def _system(hurried: bool) -> Sequence[Asking]:
    return (
        Asking(transports=",".join(_NAMES)),
        Asking(transports=",".join(_PLACED), placements=",".join(_PLACEMENTS)),
    )


def _judge_system(evidence: Evidence) -> Judgement:
    hardware_ns = _hardware_ns(evidence)
    parts = []
    for name in _NAMES if hardware_ns is not None else ():
        result = evidence.find(name, size_bytes=_SIZE_BYTES)
        kernel_ns = _kernel_ns(evidence, result, name) if result is not None else None
        if result is not None and kernel_ns is not None and hardware_ns is not None:
            parts.append(_part(name, result, kernel_ns, hardware_ns))
    remarks = [] if parts else ["needs the probes of a path, of copying and of a cache line in the same session"]
    placed = [line for name in _PLACED if (line := _placed(evidence, name)) is not None]
    laptops = "whether fast laptops can be the slowest one machine cannot tell: compare sessions of several"
    return judgement(parts, [*remarks, *placed, laptops])


def _hardware_ns(evidence: Evidence) -> Interval | None:
    """What copying and carrying over one message must cost on this machine, whoever does it."""
    bytes_per_s = evidence.probe("copy", bytes=_COPIED_BYTES, cores="one")
    hop_ns = evidence.probe("cache-line")
    if bytes_per_s is None or hop_ns is None:
        return None
    copying_ns = bytes_per_s.inverse().times(_COPIES * _SIZE_BYTES * 1e9)
    return copying_ns.plus(hop_ns.times(ceil(_SIZE_BYTES / _LINE_BYTES)))


def _kernel_ns(evidence: Evidence, result: CaseResult, name: str) -> Interval | None:
    path = [
        evidence.probe("path", mechanism=name, bytes=_SIZE_BYTES, calls="each", cores="one", side=side)
        for side in ("send", "receive")
    ]
    wake_ns, wakes = evidence.probe("futex", cores="two"), _wakes(result)
    if path[0] is None or path[1] is None:
        return None
    there_and_back_ns = path[0].plus(path[1])
    return there_and_back_ns.plus(wake_ns.times(wakes)) if wake_ns is not None and wakes > 0 else there_and_back_ns


def _wakes(result: CaseResult) -> float:
    """Of a message: how often some process went to sleep for it, in the trials' middle."""
    shares = [
        trial.switches_voluntary / trial.delivered
        for trial in result.trials
        if trial.delivery_proved and trial.delivered
    ]
    return sorted(shares)[len(shares) // 2] if shares else 0.0


def _part(name: str, result: CaseResult, kernel_ns: Interval, hardware_ns: Interval) -> Part:
    share = kernel_ns.value / (kernel_ns.value + hardware_ns.value)
    every_ns = exactly(1e9).over(rate_of(result))
    return Part(
        label=name,
        ratio=kernel_ns.over(hardware_ns),
        agrees="above",
        figure=f"{100 * share:.0f} % kernel",
        told=f"kernel {spoken(kernel_ns, _ns)}, copying and cache lines {spoken(hardware_ns, _ns)} a message; "
        f"a message came every {spoken(every_ns, _ns)}",
        under={"the mechanism": name},
    )


def _placed(evidence: Evidence, name: str) -> str | None:
    """What placement alone changes, on the same hardware."""
    rates = {placement: evidence.rate(name, placement=placement) for placement in _PLACEMENTS}
    held = {placement: rate.value for placement, rate in rates.items() if rate is not None}
    if len(held) < 2:
        return None
    told = ", ".join(f"{placement} {format_rate(rate)}" for placement, rate in held.items())
    return f"placement alone makes {name} {max(held.values()) / min(held.values()):.2g} times as fast: {told}"


def _ns(value: float) -> str:
    return format_duration_s(value / 1e9)


SYSTEM = Claim(
    number=10,
    text="The operating system, not the hardware, sets the limit",
    voice="Not the processor decides but the kernel around it; a fast laptop can be the slowest of all.",
    rule="by the probes, what the kernel's path and wake-ups cost a message of 16 bytes by copying and cache lines",
    askings=_system,
    judge=_judge_system,
)
