"""What does this machine allow, whatever the mechanism? The probes' figures, and what each of them means.

1. A figure stands beside its quartiles' distance; what could not be had says why, once, below the table.
2. Paths through the kernel stand in a table of their own: a mechanism a line, what sending and receiving cost.
"""

from __future__ import annotations

__all__ = ["machine_tables"]

from collections.abc import Sequence

import msgspec

from queuemark.model.machine import Machine
from queuemark.model.probe import Probe, Probes
from queuemark.model.units import format_bytes, format_rate
from queuemark.views.header import machine_text
from queuemark.views.numbers import as_bytes, as_digits, as_percent
from queuemark.views.table import Cell, Column, Table

_MEANINGS = {
    ("clock", "cost"): "reading the clock; whatever is timed costs this much more",
    ("clock", "resolution"): "the smallest difference that the clock shows",
    ("syscall", ""): "into the kernel and back: no call costs less",
    ("write-null", ""): "a call on a file descriptor that does nothing with the byte",
    ("copy", "one"): "copying within a core; the kernel copies each byte once when sending, once when receiving",
    ("copy", "two"): "copying what another core has just written",
    ("message", "write"): "what the laboratory itself needs to write all bytes of a message",
    ("message", "compare"): "and to compare them",
    ("cache-line", ""): "a word from one core to another: no news travels faster",
    ("futex", "one"): "waking a sleeping process on the same core, until it runs",
    ("futex", "two"): "the same on another core, which may sleep as well",
    ("context-switch", ""): "from one process to another on the same core",
    ("stream", ""): "bytes from one core to another, 64 KiB a call",
}


def machine_tables(probes: Sequence[Probe], machine: Machine, command: str) -> list[Table]:
    """probes: of ``machine``, in the order in which they were measured. command: what shows them again."""
    plain = [probe for probe in probes if probe.name != "path"]
    refused = dict.fromkeys(f"{_of(probe)}: {probe.reason}" for probe in probes if probe.value is None)
    tables = [
        Table(
            title="What does this machine allow?",
            above=[f"on {machine_text(machine)}"],
            columns=list(_FIGURES),
            rows=_rows([probe for probe in plain if probe.value is not None]),
            below=[f"not available here: {told}" for told in refused],
        ),
        _paths(Probes(probes)),
    ]
    shown = [table for table in tables if table.rows]
    return [*shown[:-1], _ended(shown[-1], command)] if shown else tables[:1]


def _ended(table: Table, command: str) -> Table:
    return msgspec.structs.replace(table, below=[*table.below, f"again: {command}"])


def _of(probe: Probe) -> str:
    """``copy of 4 KiB, cores two``; a size is told as people say it."""
    told = [f"of {format_bytes(float(probe.params['bytes']))}"] if "bytes" in probe.params else []
    others = [str(value) if name == "of" else f"{name} {value}" for name, value in _sorted(probe) if name != "bytes"]
    return " ".join([probe.name, *told]) + "".join(f", {other}" for other in others)


def _sorted(probe: Probe) -> list[tuple[str, int | str]]:
    return sorted(probe.params.items())


def _rows(probes: Sequence[Probe]) -> list[list[Cell]]:
    """What a figure means is said at the first of those that mean the same."""
    rows: list[list[Cell]] = []
    said: set[Cell] = set()
    for probe in probes:
        *cells, meaning = _row(probe)
        rows.append([*cells, None if meaning in said else meaning])
        said.add(meaning)
    return rows


def _row(probe: Probe) -> list[Cell]:
    value, low, high = probe.value or 0.0, probe.low or 0.0, probe.high or 0.0
    spread = (high - low) / value if value else None
    if probe.unit == "bytes_per_s":
        told = f"{as_digits(value / 1e9)} GB/s"
    else:
        told = f"{as_digits(value)} ns" if value < 10_000 else f"{as_digits(value / 1000)} us"
    a_second = format_rate(1e9 / value) if probe.unit == "ns" and value and probe.name != "clock" else None
    return [_of(probe), value, told, spread, a_second, _meaning(probe)]


def _meaning(probe: Probe) -> str:
    keys = [str(probe.params.get(name, "")) for name in ("of", "side", "cores")]
    return next((_MEANINGS[probe.name, key] for key in [*keys, ""] if (probe.name, key) in _MEANINGS), "")


_FIGURES = (
    Column(name="probe", head="what", align="left", wrap=30),
    Column(name="value", head="value", show=as_digits, rank=5),
    Column(name="told", head="takes,\nor moves"),
    Column(name="spread", head="quar-\ntiles\napart", show=as_percent, rank=3),
    Column(name="per_s", head="a second\nat most", rank=1),
    Column(name="meaning", head="which is", align="left", wrap=60, wrap_low=28),
)

_KINDS = (
    ("send", "each"),
    ("receive", "each"),
    ("send", "many"),
    ("receive", "many"),
    ("send", "whole"),
    ("send", "queued"),
)


def _paths(probes: Probes) -> Table:
    """A mechanism and size a line; on two cores where that was measured, else on one."""
    mechanisms = ("tcp", "tcp-nodelay", "unix-stream", "unix-seqpacket", "unix-dgram", "udp", "pipe", "pipe-packet")
    rows: list[list[Cell]] = []
    for mechanism in (*mechanisms, "mq-posix"):
        for cores in ("one", "two"):
            for size, _ in probes.by("bytes", "path", mechanism=mechanism, calls="each", cores=cores, side="send"):
                known = {"mechanism": mechanism, "cores": cores, "bytes": int(size)}
                costs = [probes.value("path", side=side, calls=calls, **known) for side, calls in _KINDS]
                each = max(cost or 0.0 for cost in costs[:2])
                rows.append([mechanism, cores, int(size), *costs, format_rate(1e9 / each) if each else None])
    return Table(
        title="What does a message cost in the kernel, while nobody sleeps?",
        above=[
            "ns a message, to send and to receive it: by a call each, by as few calls as the mechanism lets one "
            "take (many), by these in one piece (whole), or by a call each that is put to what waits (queued); by one "
            "core, or received on another (two), where all that the sender touched comes from"
        ],
        columns=[
            Column(name="mechanism", head="mechanism", align="left"),
            Column(name="cores", head="cores", align="left"),
            Column(name="size_bytes", head="size", show=as_bytes),
            Column(name="send_each_ns", head="send\neach", show=as_digits),
            Column(name="receive_each_ns", head="receive\neach", show=as_digits),
            Column(name="send_many_ns", head="send\nmany", show=as_digits),
            Column(name="receive_many_ns", head="receive\nmany", show=as_digits),
            Column(name="send_whole_ns", head="send\nwhole", show=as_digits),
            Column(name="send_queued_ns", head="send\nqueued", show=as_digits),
            Column(name="per_s", head="calls\nper s\nat most", rank=1),
        ],
        rows=rows,
    )
