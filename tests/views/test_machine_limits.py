"""The probes' figures for readers."""

from __future__ import annotations

from queuemark.model.probe import Probe
from queuemark.views.machine_limits import machine_tables
from queuemark.views.render import text
from tests.examples import machine


def figure(name: str, value: float | None, unit: str = "ns", reason: str | None = None, **params: int | str) -> Probe:
    known = {"name": name, "params": params, "unit": unit, "value": value, "low": value, "high": value}
    return Probe(**known, samples=0 if reason else 9, reason=reason)  # type: ignore[arg-type]


def test_every_figure_is_told_with_its_unit_and_its_meaning_once() -> None:
    probes = [
        figure("syscall", 200.0),
        figure("copy", 12.5e9, "bytes_per_s", bytes=4096, cores="one"),
        figure("copy", 6e9, "bytes_per_s", bytes=32768, cores="one"),
        figure("futex", 25_000.0, cores="two"),
    ]
    (table,) = machine_tables(probes, machine(), "queuemark limits")
    shown = text(table, None)
    for told in ("200 ns", "5 M/s", "12.5 GB/s", "copy of 4 KiB, cores one", "25 us", "again: queuemark limits"):
        assert told in shown
    assert shown.count("copying within a core") == 1


def test_what_is_not_available_says_why() -> None:
    (table,) = machine_tables([figure("cache-line", None, reason="it takes two cpus")], machine(), "queuemark limits")
    assert table.rows == []
    assert "not available here: cache-line: it takes two cpus" in table.below


def test_a_mechanism_and_a_size_are_a_line() -> None:
    known = {"mechanism": "pipe", "bytes": 16, "cores": "one"}
    probes = [
        figure("path", 300.0, **known, calls="each", side="send"),
        figure("path", 400.0, **known, calls="each", side="receive"),
        figure("path", 30.0, **known, calls="many", side="send"),
        figure("path", 20.0, **known, calls="whole", side="send"),
        figure("path", 90.0, **known, calls="queued", side="send"),
    ]
    *_, paths = machine_tables(probes, machine(), "queuemark limits")
    assert paths.rows == [["pipe", "one", 16, 300.0, 400.0, 30.0, None, 20.0, 90.0, "2.5 M/s"]]
