"""The machine's facts, as far as they change results: read from /proc and /sys, nothing that names its owner.

1. Every reader takes the root of the file system, so that a fake tree can be read; what is not there is null.
2. No host name, no user name, no path, no serial number.
"""

from __future__ import annotations

__all__ = [
    "ROOT",
    "CpuTimes",
    "allowed_cpus",
    "cpu_times",
    "frequencies_hz",
    "governor",
    "load_1min",
    "read_limits",
    "read_machine",
]

import os
import platform
import re
import resource
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from queuemark.measure.permissions import kernel_answers
from queuemark.model.machine import Machine

ROOT = Path("/")

_SYSCTLS = (
    "fs.mqueue.msg_default",
    "fs.mqueue.msg_max",
    "fs.mqueue.msgsize_default",
    "fs.mqueue.msgsize_max",
    "fs.mqueue.queues_max",
    "fs.pipe-max-size",
    "fs.pipe-user-pages-soft",
    "kernel.io_uring_disabled",
    "kernel.numa_balancing",
    "kernel.perf_event_paranoid",
    "kernel.pid_max",
    "kernel.unprivileged_bpf_disabled",
    "net.core.optmem_max",
    "net.core.rmem_default",
    "net.core.rmem_max",
    "net.core.wmem_default",
    "net.core.wmem_max",
    "net.unix.max_dgram_qlen",
)
_TRIPLES = ("net.ipv4.tcp_mem", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")
_TRIPLE_PARTS = {"net.ipv4.tcp_mem": ("low", "pressure", "high")}
_RLIMITS = ("RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_MSGQUEUE", "RLIMIT_MEMLOCK")


def read_machine(root: Path = ROOT, answers: Callable[[], dict[str, str]] = kernel_answers) -> Machine:
    """This machine now; of a fake root only what files say is fake, the process's own limits are not."""
    cores = _cores(root)
    return Machine(
        system=platform.system(),
        release=platform.release(),
        version=platform.version() or None,
        architecture=platform.machine(),
        distribution=_distribution(root),
        cpu_model=_cpu_model(root),
        cpus=allowed_cpus(),
        cores=cores,
        threads_per_core=_threads_per_core(root),
        numa_nodes=_numa_nodes(root),
        memory_bytes=_memory_bytes(root),
        caches_bytes=_caches_bytes(root),
        hypervisor=_hypervisor(root),
        container=_container(root),
        clock_source=_text(root / "sys/devices/system/clocksource/clocksource0/current_clocksource"),
        governor=governor(root),
        turbo=_turbo(root),
        smt=_flag(root / "sys/devices/system/cpu/smt/active"),
        mitigations=_mitigations(root),
        limits=read_limits(root),
        load_1min=load_1min(root),
        cpus_online=_cpus_online(root),
        cpu_quota=_cpu_quota(root),
        huge_pages=_huge_pages(root),
        timer_slack_ns=_int(root / "proc/self/timerslack_ns"),
        cpu_pressure=_cpu_pressure(root),
        stolen_share=_stolen_share(root),
        capabilities=_capabilities(root),
        filtered=_filtered(root),
        answers=answers(),
        python=platform.python_version(),
        privileged=os.geteuid() == 0,
    )


def allowed_cpus() -> list[int]:
    """Those that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def read_limits(root: Path = ROOT) -> dict[str, int | None]:
    """Kernel and process limits by their own names; null where this system does not have one or sets none."""
    limits: dict[str, int | None] = {name: _int(_sysctl(root, name)) for name in _SYSCTLS}
    for name in _TRIPLES:
        values = (_text(_sysctl(root, name)) or "").split()
        parts = _TRIPLE_PARTS.get(name, ("min", "default", "max"))
        limits.update(zip((f"{name}.{part}" for part in parts), map(int, values), strict=False))
    for name in _RLIMITS:
        which = getattr(resource, name, _MSGQUEUE if name == "RLIMIT_MSGQUEUE" else None)
        soft = None if which is None else resource.getrlimit(which)[0]
        limits[name] = None if soft == resource.RLIM_INFINITY else soft
    return limits


_MSGQUEUE = 12 if platform.system() == "Linux" else None
"""RLIMIT_MSGQUEUE, which Python's resource module does not name. Source: getrlimit(2), asm-generic/resource.h."""


class CpuTimes(NamedTuple):
    """Of all cpus since boot, ns. busy: of processes, in user and kernel mode. steal: what the hypervisor took."""

    busy_ns: int
    steal_ns: int
    all_ns: int


def cpu_times(root: Path = ROOT) -> CpuTimes:
    """About 20 us; all 0 where the kernel does not say."""
    line = (_text(root / "proc/stat") or "").partition("\n")[0].split()
    # cpu user nice system idle iowait irq softirq steal ..., in clock ticks. Source: proc_stat(5).
    if len(line) < 9 or line[0] != "cpu":
        return CpuTimes(0, 0, 0)
    tick_ns = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    user, nice, system, idle, iowait, irq, softirq, steal = (int(ticks) * tick_ns for ticks in line[1:9])
    busy = user + nice + system
    return CpuTimes(busy, steal, busy + idle + iowait + irq + softirq + steal)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None


def _int(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text is not None and re.fullmatch(r"-?\d+", text) else None


def _flag(path: Path) -> bool | None:
    value = _int(path)
    return None if value is None else value != 0


def _sysctl(root: Path, name: str) -> Path:
    return root / "proc/sys" / name.replace(".", "/")


def _field(text: str | None, name: str, separator: str) -> str | None:
    """The first value of ``name`` in lines of ``name<separator>value``."""
    for line in (text or "").splitlines():
        key, found, value = line.partition(separator)
        if found and key.strip() == name:
            return value.strip().strip('"') or None
    return None


def _distribution(root: Path) -> str | None:
    return _field(_text(root / "etc/os-release"), "PRETTY_NAME", "=")


def _cpu_model(root: Path) -> str | None:
    text = _text(root / "proc/cpuinfo")
    return _field(text, "model name", ":") or _field(text, "Processor", ":")


def _cpu_directories(root: Path) -> list[Path]:
    found = (root / "sys/devices/system/cpu").glob("cpu[0-9]*")
    return sorted(path for path in found if re.fullmatch(r"cpu\d+", path.name))


def _cores(root: Path) -> int | None:
    names = ("physical_package_id", "core_id")
    cores = {tuple(_int(cpu / "topology" / name) for name in names) for cpu in _cpu_directories(root)}
    return len(cores - {(None, None)}) or None


def _threads_per_core(root: Path) -> int | None:
    siblings = _text(root / "sys/devices/system/cpu/cpu0/topology/thread_siblings_list")
    return None if siblings is None else len(_cpu_list(siblings))


def _cpu_list(text: str) -> list[int]:
    """``0-2,5`` is [0, 1, 2, 5]."""
    cpus: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        cpus += range(int(first), int(last or first) + 1)
    return cpus


def _numa_nodes(root: Path) -> int | None:
    return len(list((root / "sys/devices/system/node").glob("node[0-9]*"))) or None


def _memory_bytes(root: Path) -> int | None:
    total = _field(_text(root / "proc/meminfo"), "MemTotal", ":")
    return int(total.split()[0]) * 1024 if total else None


def _caches_bytes(root: Path) -> dict[str, int]:
    """``{"L1d": 32768, "L1i": ..., "L2": ..., "L3": ...}`` of the first cpu."""
    caches: dict[str, int] = {}
    for index in sorted((root / "sys/devices/system/cpu/cpu0/cache").glob("index[0-9]*")):
        level, kind, size = (_text(index / name) for name in ("level", "type", "size"))
        if level and size and (match := re.fullmatch(r"(\d+)([KMG])", size)):
            suffix = {"Data": "d", "Instruction": "i"}.get(kind or "", "")
            caches[f"L{level}{suffix}"] = int(match[1]) * 1024 ** ("KMG".index(match[2]) + 1)
    return caches


def _hypervisor(root: Path) -> str | None:
    """Its name where firmware or kernel tell it, ``unnamed`` where only the cpu says that there is one."""
    named = _text(root / "sys/hypervisor/type")
    if named:
        return named
    flags = (_field(_text(root / "proc/cpuinfo"), "flags", ":") or "").split()
    if "hypervisor" not in flags:
        return None
    vendor = (_text(root / "sys/class/dmi/id/sys_vendor"), _text(root / "sys/class/dmi/id/product_name"))
    return " ".join(part for part in vendor if part) or "unnamed"


def _container(root: Path) -> str | None:
    for marker, name in (("run/.containerenv", "podman"), (".dockerenv", "docker")):
        if (root / marker).exists():
            return name
    told = _text(root / "run/systemd/container")
    if told:
        return told
    groups = _text(root / "proc/1/cgroup") or ""
    return next((name for name in ("kubepods", "docker", "lxc", "containerd") if name in groups), None)


def governor(root: Path = ROOT) -> str | None:
    """One name, or several joined by commas where cpus differ."""
    found = (_text(cpu / "cpufreq/scaling_governor") for cpu in _cpu_directories(root))
    return ",".join(_distinct(found)) or None


def _distinct(values: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))


def _turbo(root: Path) -> bool | None:
    forbidden = _flag(root / "sys/devices/system/cpu/intel_pstate/no_turbo")
    return _flag(root / "sys/devices/system/cpu/cpufreq/boost") if forbidden is None else not forbidden


def _mitigations(root: Path) -> dict[str, str]:
    found = {path.name: _text(path) for path in sorted((root / "sys/devices/system/cpu/vulnerabilities").glob("*"))}
    return {name: text for name, text in found.items() if text and text != "Not affected"}


def load_1min(root: Path = ROOT) -> float | None:
    text = _text(root / "proc/loadavg")
    return float(text.split()[0]) if text else None


def frequencies_hz(cpus: Iterable[int], root: Path = ROOT) -> list[int]:
    """What these cpus run at now; none where the kernel does not say, as in most virtual machines."""
    files = (root / f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_cur_freq" for cpu in cpus)
    return [khz * 1000 for khz in map(_int, files) if khz is not None]


def _cpus_online(root: Path) -> int | None:
    online = _text(root / "sys/devices/system/cpu/online")
    return None if online is None else len(_cpu_list(online))


def _cpu_quota(root: Path) -> float | None:
    """The narrowest of this process's control group and those around it. Source: cgroups(7), cgroup-v2, sched-bwc."""
    return min(_quotas(root), default=None)


def _quotas(root: Path) -> Iterator[float]:
    for line in (_text(root / "proc/self/cgroup") or "").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        top, own = root / "sys/fs/cgroup" / controllers, Path(path.lstrip("/"))
        # The last of the parents is the top: what a container sees of its own group, whatever its path is outside.
        for group in (own, *own.parents):
            quota = _quota(top / group)
            if quota is not None:
                yield quota


def _quota(group: Path) -> float | None:
    """``cpu.max`` holds quota and period, or ``max`` and the period; the first version has a file for each, or -1."""
    parts = (_text(group / "cpu.max") or "").split()
    quota, period = parts or (_text(group / "cpu.cfs_quota_us"), _text(group / "cpu.cfs_period_us"))
    return int(quota) / int(period) if quota and period and quota.isdigit() else None


def _huge_pages(root: Path) -> str | None:
    """``always [madvise] never`` is madvise."""
    chosen = re.search(r"\[(\w+)\]", _text(root / "sys/kernel/mm/transparent_hugepage/enabled") or "")
    return chosen[1] if chosen else None


def _cpu_pressure(root: Path) -> float | None:
    some = re.search(r"^some avg10=([\d.]+)", _text(root / "proc/pressure/cpu") or "")
    return float(some[1]) / 100 if some else None


def _stolen_share(root: Path) -> float | None:
    times = cpu_times(root)
    return times.steal_ns / times.all_ns if times.all_ns else None


_CAPABILITIES = {
    "CAP_NET_ADMIN": 12,
    "CAP_NET_RAW": 13,
    "CAP_IPC_LOCK": 14,
    "CAP_SYS_ADMIN": 21,
    "CAP_SYS_RESOURCE": 24,
    "CAP_PERFMON": 38,
    "CAP_BPF": 39,
}
"""Bits of the effective set. Source: linux/capability.h."""


def _capabilities(root: Path) -> list[str]:
    held = int(_field(_text(root / "proc/self/status"), "CapEff", ":") or "0", 16)
    return [name for name, bit in _CAPABILITIES.items() if held >> bit & 1]


def _filtered(root: Path) -> bool | None:
    mode = _field(_text(root / "proc/self/status"), "Seccomp", ":")
    return None if mode is None else mode != "0"
