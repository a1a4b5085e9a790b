"""How a rate changes with the calls, the consumers and the size: claims 6, 8 and 9."""

from __future__ import annotations

__all__ = ["BULK", "CONCURRENCY", "ZIG_ZAG"]

from collections.abc import Iterator, Sequence
from itertools import pairwise

from queuemark.analysis.claims.claim import Asking, Claim, Judgement, Part, judgement
from queuemark.analysis.claims.evidence import Evidence, Interval, rate_of, spoken
from queuemark.model.session import CaseResult
from queuemark.model.units import format_bytes, format_rate

_BULK = ("tcp", "udp", "unix-stream", "unix-seqpacket", "unix-dgram", "pipe", "shm-ring")
_BULK_HURRIED = ("tcp", "udp", "unix-stream", "unix-dgram")
_VECTOR = "vector:64"
_BUILT_LATER = ("gso", "io-uring-tcp", "af-xdp")
"""A policy of UDP and two mechanisms; where a runner has them, their figures are looked at like any other."""


def _bulk(hurried: bool) -> Sequence[Asking]:
    return (Asking(transports=",".join(_BULK_HURRIED if hurried else _BULK), policies=f"each,{_VECTOR}"),)


def _judge_bulk(evidence: Evidence) -> Judgement:
    parts = []
    for name in _BULK:
        each, bulk = evidence.rate(name), evidence.rate(name, _VECTOR)
        if each is not None and bulk is not None:
            told = f"{spoken(bulk, format_rate)} with 64 a call, {spoken(each, format_rate)} with one"
            parts.append(_of(name, bulk.over(each), f"{bulk.over(each).value:.3g} times the rate", told))
    missing = [name for name in _BUILT_LATER if not evidence.measured(name)]
    remarks = [f"without figures, since this version does not have them: {', '.join(missing)}"] * bool(missing)
    return judgement(parts, remarks)


def _of(name: str, ratio: Interval, figure: str, told: str) -> Part:
    under = {"the mechanism": name}
    return Part(label=name, ratio=ratio, agrees="above", figure=figure, told=told, under=under)


BULK = Claim(
    number=6,
    text="Bulk and scatter-gather calls are what fast systems use",
    voice="Whoever is fast hands the kernel many messages at once: writev, sendmmsg, segmentation offload, rings.",
    rule="the rate of 64 messages a call by the rate of one a call, of 16 bytes each, to one consumer",
    askings=_bulk,
    judge=_judge_bulk,
)


_SHARED = ("tcp", "unix-stream", "pipe", "mq-posix")
_CONSUMERS = (1, 2, 4, 8, 16, 32)
_CONSUMERS_HURRIED = (1, 4, 32)
_KEPT = 0.5


def _concurrency(hurried: bool) -> Sequence[Asking]:
    counts = _CONSUMERS_HURRIED if hurried else _CONSUMERS
    return (Asking(transports=",".join(_SHARED), consumers=",".join(map(str, counts))),)


def _judge_concurrency(evidence: Evidence) -> Judgement:
    parts, remarks = [], []
    for name in _SHARED:
        rates = {count: evidence.rate(name, consumers=count) for count in _CONSUMERS}
        held = {count: rate for count, rate in rates.items() if rate is not None}
        if 1 not in held or _CONSUMERS[-1] not in held:
            continue
        alone, crowd = held[1], held[_CONSUMERS[-1]]
        best = max(held, key=lambda count: held[count].value)
        told = f"{spoken(crowd, format_rate)} to {_CONSUMERS[-1]}, {spoken(alone, format_rate)} to one"
        kept = crowd.over(alone)
        parts.append(_of(name, kept.times(1 / _KEPT), f"{100 * kept.value:.0f} % of the rate", told))
        remarks.append(f"{name} was fastest to {best}: {format_rate(held[best].value)}")
    return judgement(parts, remarks)


CONCURRENCY = Claim(
    number=8,
    text="A mechanism keeps its rate when 32 consumers share what one had",
    voice="Concurrency decides: what is quick for one reader breaks down, or holds, when there are many.",
    rule="the rate to 32 consumers in sum by half of the rate to one: who keeps at least half of it holds",
    askings=_concurrency,
    judge=_judge_concurrency,
)


_SIZED = ("tcp", "unix-stream", "pipe")
_SIZES = "16..64k"
_SIZES_HURRIED = "256,1k,4k,16k,64k"
_PAGE_BYTES = 4096
_RISE = 1.1
_NEAR = 2


def _zig_zag(hurried: bool) -> Sequence[Asking]:
    return (Asking(transports=",".join(_SIZED), sizes=_SIZES_HURRIED if hurried else _SIZES),)


def _judge_zig_zag(evidence: Evidence) -> Judgement:
    parts, remarks = [], []
    for name in _SIZED:
        rises = list(_rises(evidence, name))
        if not rises:
            continue
        below, above, ratio = max(rises, key=lambda rise: (rise[2].low or 0, rise[2].value))
        told = f"from {_size(below)} to {_size(above)} the rate goes to {ratio.value:.2f} of what it was"
        parts.append(_of(name, ratio.times(1 / _RISE), f"{ratio.value:.2f} at most of the size before", told))
        remarks += [_beside(name, *rise[:2]) for rise in rises if (rise[2].low or 0) > _RISE]
    return judgement(parts, remarks)


def _rises(evidence: Evidence, name: str) -> Iterator[tuple[CaseResult, CaseResult, Interval]]:
    """Each two sizes that follow each other, and the rate at the larger by the rate at the smaller."""
    sizes = sorted({result.case.workload.size_bytes for result in evidence.results})
    found = [evidence.find(name, size_bytes=size_bytes) for size_bytes in sizes]
    held = [result for result in found if result is not None]
    for below, above in pairwise(held):
        yield below, above, rate_of(above).over(rate_of(below))


def _size(result: CaseResult) -> str:
    return format_bytes(result.case.workload.size_bytes)


def _beside(name: str, below: CaseResult, above: CaseResult) -> str:
    """Where a rise is, and which boundaries lie within a doubling of it; that they lie there proves no cause."""
    low, high = below.case.workload.size_bytes / _NEAR, above.case.workload.size_bytes * _NEAR
    near = [f"{what} of {format_bytes(size)}" for what, size in _boundaries(below) if low <= size <= high]
    beside = f"next to it: {', '.join(near)}" if near else "no boundary that is known lies next to it"
    return f"{name} rises from {_size(below)} to {_size(above)}; {beside}"


def _boundaries(result: CaseResult) -> list[tuple[str, int]]:
    """The page, and every size that the system granted: segments, buffers, pipes."""
    granted = result.trials[0].granted if result.trials else {}
    sizes = [(key.removesuffix("_bytes").replace("_", " "), value) for key, value in granted.items()]
    return [("page", _PAGE_BYTES), *((what, size) for what, size in sizes if isinstance(size, int) and size >= 1024)]


ZIG_ZAG = Claim(
    number=9,
    text="The rate goes zig-zag over the size of messages",
    voice="Plotted over the size, the rate jumps up and down; segments, pages and buffers are to blame.",
    rule="where the rate rises most from one size to its double, by 1.1: more bytes never take less time by themselves",
    askings=_zig_zag,
    judge=_judge_zig_zag,
)
