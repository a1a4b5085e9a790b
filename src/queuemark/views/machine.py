"""Which machine was it measured on? Every fact that is known of it, a line each, and nothing that names its owner."""

from __future__ import annotations

__all__ = ["QUESTION", "machine_facts"]

from collections.abc import Iterator

from queuemark.model.machine import Machine
from queuemark.model.units import format_bytes, format_count
from queuemark.views.numbers import as_percent
from queuemark.views.table import Cell, Column, Table

QUESTION = "Which machine was it measured on?"


def machine_facts(machine: Machine) -> Table:
    """What the machine does not say has no line."""
    rows: list[list[Cell]] = [[name, told] for name, told in _facts(machine) if told not in (None, "")]
    return Table(title=QUESTION, columns=list(_COLUMNS), rows=rows)


def _facts(machine: Machine) -> Iterator[tuple[str, str | None]]:
    yield "system", f"{machine.system} {machine.release}"
    yield "distribution", machine.distribution
    yield "architecture", machine.architecture
    yield "processor", machine.cpu_model
    yield "cpus", _cpus(machine)
    yield "cores", None if machine.cores is None else f"{machine.cores} of {machine.threads_per_core or 1} threads each"
    yield "NUMA nodes", _told(machine.numa_nodes)
    yield "memory", None if machine.memory_bytes is None else format_bytes(machine.memory_bytes)
    yield "caches", ", ".join(f"{name} {format_bytes(size)}" for name, size in machine.caches_bytes.items())
    yield "hypervisor", machine.hypervisor
    yield "container", machine.container
    yield "clock source", machine.clock_source
    yield "governor", machine.governor
    yield "turbo", _switch(machine.turbo)
    yield "SMT", _switch(machine.smt)
    yield "huge pages", machine.huge_pages
    yield "mitigations", "; ".join(f"{name}: {told}" for name, told in machine.mitigations.items())
    yield "load over 1 min", None if machine.load_1min is None else f"{machine.load_1min:.2f}"
    yield "cpu pressure", _share(machine.cpu_pressure)
    yield "stolen cpu time", _share(machine.stolen_share)
    yield "limits", ", ".join(f"{name} {_limit(value)}" for name, value in machine.limits.items())
    yield "mechanisms refused", ", ".join(f"{name}: {said}" for name, said in machine.answers.items() if said != "ok")
    yield "Python", machine.python


def _cpus(machine: Machine) -> str:
    online = f" of {machine.cpus_online} online" if machine.cpus_online is not None else ""
    quota = f", at most {machine.cpu_quota:g} cpus' time" if machine.cpu_quota is not None else ""
    return f"{len(machine.cpus)}{online}{quota}"


def _told(value: int | None) -> str | None:
    return None if value is None else str(value)


def _switch(value: bool | None) -> str | None:
    return None if value is None else "on" if value else "off"


def _share(value: float | None) -> str | None:
    return None if value is None else as_percent(value)


def _limit(value: int | None) -> str:
    return "unlimited" if value is None else format_count(value)


_COLUMNS = (
    Column(name="fact", head="fact", align="left"),
    Column(name="value", head="value", align="left", wrap=72, wrap_low=30),
)
