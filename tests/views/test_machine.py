"""The machine's facts: those that it tells, each in words."""

from __future__ import annotations

from queuemark.model.machine import Machine
from queuemark.views.machine import machine_facts
from tests.examples import machine


def test_every_fact_that_is_known_has_a_line() -> None:
    held = {str(fact): value for fact, value in machine_facts(machine()).rows}
    assert held["system"] == "Linux 6.1.0-28-amd64"
    assert held["processor"] == "AMD EPYC 7B13"
    assert held["caches"] == "L1d 32 KiB, L2 512 KiB, L3 32 MiB"
    assert held["SMT"] == "off"
    assert held["limits"] == "fs.mqueue.msg_max 10, fs.pipe-max-size 1.05 M, RLIMIT_NOFILE 1.02 k"
    assert "turbo" not in held


def test_a_machine_that_tells_nothing_has_few_lines() -> None:
    bare = Machine(system="Plan 9", release="4", architecture="mips", cpus=[], limits={"RLIMIT_MEMLOCK": None})
    facts = machine_facts(bare).rows
    assert [fact for fact, _ in facts] == ["system", "architecture", "cpus", "limits"]
    assert facts[-1] == ["limits", "RLIMIT_MEMLOCK unlimited"]
