"""The machine's facts from a fake tree, from an empty one, and from this machine."""

from __future__ import annotations

import getpass
import platform
import socket
from pathlib import Path

import msgspec
import pytest

from queuemark.measure.machine import CpuTimes, cpu_times, frequencies_hz, read_limits, read_machine

CPU = "sys/devices/system/cpu"
TREE = {
    "etc/os-release": 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    "proc/cpuinfo": "processor\t: 0\nmodel name\t: Toy CPU @ 1 GHz\nflags\t\t: fpu hypervisor sse\n",
    "proc/meminfo": "MemTotal:       16384 kB\nMemFree: 1 kB\n",
    "proc/loadavg": "0.25 0.10 0.05 1/100 4242\n",
    "proc/stat": "cpu  10 0 10 100 0 0 0 250 0 0\ncpu0 1 1 1 1 1 1 1 7 0 0\n",
    "proc/1/cgroup": "0::/docker/0123456789abcdef\n",
    "proc/sys/fs/mqueue/msg_max": "10\n",
    "proc/sys/net/core/rmem_max": "4194304\n",
    "proc/sys/net/ipv4/tcp_rmem": "4096\t131072\t33554432\n",
    "proc/sys/net/ipv4/tcp_mem": "1\t2\t3\n",
    "sys/class/dmi/id/sys_vendor": "QEMU\n",
    "sys/class/dmi/id/product_name": "Standard PC\n",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
    "sys/devices/system/node/node0/cpulist": "0-3\n",
    "sys/devices/system/node/node1/cpulist": "4-7\n",
    f"{CPU}/smt/active": "1\n",
    f"{CPU}/intel_pstate/no_turbo": "1\n",
    f"{CPU}/vulnerabilities/meltdown": "Not affected\n",
    f"{CPU}/vulnerabilities/spectre_v1": "Mitigation: barriers\n",
    f"{CPU}/cpu0/cache/index0/level": "1\n",
    f"{CPU}/cpu0/cache/index0/type": "Data\n",
    f"{CPU}/cpu0/cache/index0/size": "32K\n",
    f"{CPU}/cpu0/cache/index2/level": "3\n",
    f"{CPU}/cpu0/cache/index2/type": "Unified\n",
    f"{CPU}/cpu0/cache/index2/size": "8M\n",
    f"{CPU}/cpu0/topology/thread_siblings_list": "0,2\n",
    **{f"{CPU}/cpu{n}/topology/physical_package_id": "0\n" for n in range(4)},
    **{f"{CPU}/cpu{n}/topology/core_id": f"{n % 2}\n" for n in range(4)},
    f"{CPU}/cpu0/cpufreq/scaling_governor": "powersave\n",
    f"{CPU}/cpu1/cpufreq/scaling_governor": "performance\n",
    f"{CPU}/cpu2/cpufreq/scaling_governor": "powersave\n",
}


def planted(root: Path, tree: dict[str, str] = TREE) -> Path:
    for name, text in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_facts_of_a_tree(tmp_path: Path) -> None:
    machine = read_machine(planted(tmp_path))
    assert machine.distribution == "Debian GNU/Linux 12 (bookworm)"
    assert machine.cpu_model == "Toy CPU @ 1 GHz"
    assert (machine.cores, machine.threads_per_core, machine.numa_nodes) == (2, 2, 2)
    assert machine.memory_bytes == 16384 * 1024
    assert machine.caches_bytes == {"L1d": 32 * 1024, "L3": 8 * 1024 * 1024}
    assert (machine.hypervisor, machine.container) == ("QEMU Standard PC", "docker")
    assert (machine.clock_source, machine.governor) == ("tsc", "powersave,performance")
    assert (machine.turbo, machine.smt) == (False, True)
    assert machine.mitigations == {"spectre_v1": "Mitigation: barriers"}
    assert machine.load_1min == 0.25


def test_limits_of_a_tree(tmp_path: Path) -> None:
    limits = read_limits(planted(tmp_path))
    assert limits["fs.mqueue.msg_max"] == 10
    assert limits["net.core.rmem_max"] == 4194304
    assert limits["net.ipv4.tcp_rmem.max"] == 33554432
    assert limits["net.ipv4.tcp_mem.high"] == 3
    assert limits["fs.pipe-max-size"] is None
    assert {"RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_MSGQUEUE", "RLIMIT_MEMLOCK"} <= set(limits)


def test_an_empty_tree_says_nothing_and_fails_nowhere(tmp_path: Path) -> None:
    machine = read_machine(tmp_path)
    assert machine.cpu_model is None
    assert machine.memory_bytes is None
    assert machine.caches_bytes == {}
    assert machine.hypervisor is None
    assert machine.container is None
    assert machine.turbo is None
    assert (machine.cpu_quota, machine.huge_pages, machine.filtered) == (None, None, None)
    assert (machine.cpu_pressure, machine.stolen_share, machine.capabilities) == (None, None, [])
    assert cpu_times(tmp_path) == CpuTimes(0, 0, 0)
    assert frequencies_hz([0, 1], tmp_path) == []


def test_m20_steal_time_is_read_in_ns(tmp_path: Path) -> None:
    assert cpu_times(planted(tmp_path)).steal_ns == 250 * 1_000_000_000 // 100


def test_m20_busy_time_is_that_of_processes(tmp_path: Path) -> None:
    root = planted(tmp_path, {"proc/stat": "cpu  10 20 30 100 5 6 7 8 0 0\n"})
    tick_ns = 1_000_000_000 // 100
    assert cpu_times(root) == CpuTimes(60 * tick_ns, 8 * tick_ns, 186 * tick_ns)


SURROUNDINGS = {
    "sys/devices/system/cpu/online": "0-3,6\n",
    "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
    "proc/self/timerslack_ns": "50000\n",
    "proc/pressure/cpu": "some avg10=12.50 avg60=1.00 avg300=0.10 total=1\nfull avg10=0.00 avg60=0.00\n",
    "proc/self/status": "Name:\tpython\nCapEff:\t0000000000003000\nSeccomp:\t2\nSeccomp_filters:\t1\n",
    "proc/sys/kernel/perf_event_paranoid": "2\n",
    "proc/sys/kernel/io_uring_disabled": "1\n",
    f"{CPU}/cpu0/cpufreq/scaling_cur_freq": "1200000\n",
    f"{CPU}/cpu2/cpufreq/scaling_cur_freq": "3400000\n",
}


def test_what_surrounds_a_process_is_told(tmp_path: Path) -> None:
    root = planted(tmp_path, {**TREE, **SURROUNDINGS})
    machine = read_machine(root, answers=lambda: {"io_uring": "EPERM"})
    assert machine.cpus_online == 5
    assert machine.huge_pages == "madvise"
    assert machine.timer_slack_ns == 50_000
    assert machine.cpu_pressure == 0.125
    assert machine.stolen_share == 250 / 370
    assert machine.capabilities == ["CAP_NET_ADMIN", "CAP_NET_RAW"]
    assert machine.filtered is True
    assert (machine.limits["kernel.perf_event_paranoid"], machine.limits["kernel.io_uring_disabled"]) == (2, 1)
    assert machine.answers == {"io_uring": "EPERM"}
    assert frequencies_hz([0, 1, 2], root) == [1_200_000_000, 3_400_000_000]


@pytest.mark.parametrize(
    ("tree", "cpus"),
    [
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "150000 100000\n"}, 1.5),
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/cpu.max": "150000 100000\n",
                "sys/fs/cgroup/a/b/cpu.max": "50000 100000\n",
            },
            0.5,
        ),
        ({"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/cpu.max": "max 100000\n"}, None),
        # As a container sees it: its own group is the top, whatever the path says.
        ({"proc/self/cgroup": "0::/../x\n", "sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2),
        (
            {
                "proc/self/cgroup": "4:memory:/m\n3:cpu,cpuacct:/g\n0::/\n",
                "sys/fs/cgroup/cpu,cpuacct/g/cpu.cfs_quota_us": "25000\n",
                "sys/fs/cgroup/cpu,cpuacct/g/cpu.cfs_period_us": "100000\n",
            },
            0.25,
        ),
        (
            {
                "proc/self/cgroup": "3:cpu:/\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            None,
        ),
    ],
)
def test_the_narrowest_quota_of_the_control_groups_counts(
    tmp_path: Path, tree: dict[str, str], cpus: float | None
) -> None:
    assert read_machine(planted(tmp_path, tree)).cpu_quota == cpus


def test_a_container_is_known_by_its_marks(tmp_path: Path) -> None:
    assert read_machine(planted(tmp_path, {"run/systemd/container": "lxc\n"})).container == "lxc"
    assert read_machine(planted(tmp_path, {"run/.containerenv": ""})).container == "podman"


def test_m20_this_machine_is_told() -> None:
    machine = read_machine()
    assert machine.release == platform.release()
    assert machine.version == platform.version()
    assert machine.cpus
    assert machine.memory_bytes is not None
    assert machine.memory_bytes > 0
    assert machine.limits["RLIMIT_NOFILE"] is None or machine.limits["RLIMIT_NOFILE"] > 0


def test_nothing_names_the_owner() -> None:
    text = msgspec.json.encode(read_machine()).decode()
    words = {socket.gethostname(), str(Path.home()), str(Path.cwd()), f'"{getpass.getuser()}"'}
    assert [word for word in words if len(word) > 3 and word in text] == []
