"""Each finding from machines that are made up: what is good, what is not, and what nobody says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from queuemark.measure.doctor import diagnose
from queuemark.measure.machine import read_machine
from queuemark.model.finding import VERDICTS, Finding
from queuemark.model.machine import Machine
from tests.measure.test_machine import CPU, planted

QUIET = Machine(
    system="Linux",
    release="6.1.0",
    architecture="x86_64",
    cpus=[0, 1, 2, 3],
    cpus_online=4,
    cores=4,
    threads_per_core=1,
    numa_nodes=1,
    clock_source="tsc",
    governor="performance",
    turbo=False,
    smt=False,
    limits={
        "fs.mqueue.msg_max": 1024,
        "fs.mqueue.msgsize_max": 1048576,
        "net.core.rmem_max": 16777216,
        "net.core.wmem_max": 16777216,
        "net.unix.max_dgram_qlen": 512,
        "kernel.numa_balancing": 0,
        "RLIMIT_NOFILE": 4096,
        "RLIMIT_NPROC": None,
        "RLIMIT_MSGQUEUE": 819200,
        "RLIMIT_MEMLOCK": None,
    },
    load_1min=0.1,
    huge_pages="madvise",
    timer_slack_ns=50_000,
    cpu_pressure=0.0,
    stolen_share=0.0,
    capabilities=["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_BPF"],
    filtered=False,
    answers={"io_uring": "ok", "hardware counters": "ok", "AF_XDP": "ok"},
)


def finding(name: str, **changed: Any) -> Finding:
    limits = {**QUIET.limits, **changed.pop("limits", {})}
    found = diagnose(msgspec.structs.replace(QUIET, limits=limits, **changed))
    (one,) = [each for each in found if each.name == name]
    return one


def test_a_quiet_machine_needs_no_remedy() -> None:
    found = diagnose(QUIET)
    assert [(each.name, each.found) for each in found if each.verdict != "good"] == []
    assert [each.name for each in found if each.remedy is not None] == []
    assert len({each.name for each in found}) == len(found)


@pytest.mark.parametrize(
    ("name", "changed", "verdict", "remedy"),
    [
        ("governor", {"governor": "powersave,performance"}, "noisy", "scaling_governor"),
        ("turbo", {"turbo": True}, "noisy", "cpufreq/boost"),
        ("SMT", {"smt": True, "threads_per_core": 2}, "noisy", "smt/control"),
        ("SMT", {"smt": None, "threads_per_core": 2}, "noisy", "smt/control"),
        ("steal", {"stolen_share": 0.03}, "noisy", "--repeats"),
        ("hypervisor", {"hypervisor": "KVM"}, "noisy", "the machine itself"),
        ("load", {"load_1min": 1.5}, "noisy", "top"),
        ("load", {"cpu_pressure": 0.2}, "noisy", "top"),
        ("cpu quota", {"cpu_quota": 1.5}, "noisy", "--cpus"),
        ("cpus", {"cpus": [3]}, "limited", "taskset -pc 0-3 $$"),
        ("mitigations", {"mitigations": {"spectre_v2": "Mitigation: Retpolines"}}, "limited", "mitigations=off"),
        ("container", {"container": "docker", "filtered": True}, "limited", "seccomp=unconfined"),
        ("clock source", {"clock_source": "hpet"}, "limited", "current_clocksource"),
        ("huge pages", {"huge_pages": "always"}, "noisy", "transparent_hugepage"),
        ("NUMA", {"numa_nodes": 2, "limits": {"kernel.numa_balancing": 1}}, "noisy", "kernel.numa_balancing=0"),
        ("timer slack", {"timer_slack_ns": 1_000_000}, "noisy", "timerslack_ns"),
        ("mq depth", {"limits": {"fs.mqueue.msg_max": 10}}, "limited", "sysctl -w fs.mqueue.msg_max="),
        ("mq size", {"limits": {"fs.mqueue.msgsize_max": 8192}}, "limited", "sysctl -w fs.mqueue.msgsize_max="),
        ("mq memory", {"limits": {"RLIMIT_MSGQUEUE": 1000}}, "limited", "ulimit -q"),
        ("receive buffer", {"limits": {"net.core.rmem_max": 212992}}, "limited", "sysctl -w net.core.rmem_max="),
        ("send buffer", {"limits": {"net.core.wmem_max": 212992}}, "limited", "sysctl -w net.core.wmem_max="),
        ("datagram queue", {"limits": {"net.unix.max_dgram_qlen": 10}}, "limited", "net.unix.max_dgram_qlen="),
        ("open files", {"limits": {"RLIMIT_NOFILE": 256}}, "limited", "ulimit -n"),
        ("processes", {"limits": {"RLIMIT_NPROC": 64}}, "limited", "ulimit -u"),
        ("memlock", {"limits": {"RLIMIT_MEMLOCK": 65536}}, "limited", "ulimit -l"),
        ("io_uring", {"answers": {"io_uring": "EPERM"}}, "limited", "kernel.io_uring_disabled=0"),
        ("io_uring", {"answers": {"io_uring": "ENOSYS"}}, "limited", "seccomp=unconfined"),
        ("AF_XDP", {"answers": {"AF_XDP": "EPERM"}}, "limited", "setcap"),
        ("AF_XDP", {"capabilities": ["CAP_NET_RAW"]}, "limited", "setcap"),
        ("AF_XDP", {"answers": {"AF_XDP": "EAFNOSUPPORT"}}, "limited", "CONFIG_XDP_SOCKETS"),
        ("hardware counters", {"answers": {"hardware counters": "EACCES"}}, "limited", "perf_event_paranoid"),
        ("hardware counters", {"answers": {"hardware counters": "ENOENT"}}, "limited", "hypervisor"),
        ("io_uring", {"answers": {"io_uring": "EMFILE"}}, "limited", "EMFILE"),
    ],
)
def test_what_is_not_good_has_its_effect_and_its_remedy(
    name: str, changed: dict[str, Any], verdict: str, remedy: str
) -> None:
    found = finding(name, **changed)
    assert found.verdict == verdict
    assert found.effect
    assert found.remedy is not None
    assert remedy in found.remedy


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("container", {"container": "docker"}),
        ("mitigations", {"mitigations": {"spectre_v2": "Vulnerable"}}),
        ("clock source", {"clock_source": "kvm-clock"}),
        ("NUMA", {"numa_nodes": 2}),
        ("memlock", {"limits": {"RLIMIT_MEMLOCK": 65536}, "capabilities": ["CAP_IPC_LOCK"]}),
        ("AF_XDP", {"capabilities": ["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_ADMIN"]}),
        ("load", {"load_1min": 0.9, "cpu_pressure": None}),
    ],
)
def test_what_does_no_harm_is_good(name: str, changed: dict[str, Any]) -> None:
    assert finding(name, **changed).verdict == "good"


def test_what_nobody_says_is_unknown_and_never_good() -> None:
    silent = Machine(system="Linux", release="6.1.0", architecture="x86_64", cpus=[0, 1])
    found = {each.name: each.verdict for each in diagnose(silent)}
    assert {name for name, verdict in found.items() if verdict == "good"} == {
        *("hypervisor", "cpu quota", "cpus", "mitigations", "container"),
    }
    assert {verdict for verdict in found.values() if verdict != "good"} == {"unknown"}


def test_the_worst_stands_first() -> None:
    found = diagnose(msgspec.structs.replace(QUIET, governor=None, hypervisor="KVM", cpus=[0]))
    ranks = [VERDICTS.index(each.verdict) for each in found]
    assert ranks == sorted(ranks)
    assert [each.name for each in found[:3]] == ["hypervisor", "cpus", "governor"]


def test_facts_of_a_tree_are_judged(tmp_path: Path) -> None:
    tree = {
        f"{CPU}/cpu0/cpufreq/scaling_governor": "powersave\n",
        f"{CPU}/cpufreq/boost": "1\n",
        "proc/sys/fs/mqueue/msg_max": "10\n",
        "proc/loadavg": "64.00 1.00 1.00 1/1 1\n",
    }
    found = {each.name: each for each in diagnose(read_machine(planted(tmp_path, tree), answers=dict))}
    assert (found["governor"].verdict, found["governor"].found) == ("noisy", "powersave")
    assert (found["turbo"].verdict, found["mq depth"].found) == ("noisy", "10")
    assert found["load"].verdict == "noisy"
    assert (found["io_uring"].verdict, found["steal"].verdict) == ("unknown", "unknown")
