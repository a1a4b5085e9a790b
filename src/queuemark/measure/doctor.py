"""What makes this machine's results noisy or limited, and what to do about it: one finding a function.

1. Findings are read off the machine's recorded facts; nothing is looked up a second time, so those of a stored
   machine can be made again.
2. A fact that is not there is ``unknown``, never good.
3. A remedy is a command where there is one, as a person with the right to do it would type it.
"""

from __future__ import annotations

__all__ = ["diagnose"]

from collections.abc import Callable

from queuemark.model.finding import VERDICTS, Finding, Verdict
from queuemark.model.machine import Machine
from queuemark.model.units import format_bytes

_CPUS = "/sys/devices/system/cpu"
_WORKERS = 2
"""Fewer cpus than this, and producer and consumer take turns."""

_Look = Callable[[Machine], Finding]


def diagnose(machine: Machine) -> list[Finding]:
    """Every finding, the worst first."""
    found = [look(machine) for look in _LOOKS]
    return sorted(found, key=lambda finding: VERDICTS.index(finding.verdict))


def _finding(name: str, found: str, verdict: Verdict, effect: str, remedy: str | None) -> Finding:
    """As it is; what is good needs no remedy."""
    return Finding(name=name, found=found, verdict=verdict, effect=effect, remedy=None if verdict == "good" else remedy)


def _judged(bad: bool, verdict: Verdict) -> Verdict:
    return verdict if bad else "good"


def _governor(machine: Machine) -> Finding:
    effect = "the clock follows the load: short and light trials run slower than long ones"
    if machine.governor is None:
        found = "not told; in a virtual machine its host decides"
        return _finding("governor", found, "unknown", effect, "ask for it where the machine is hosted")
    remedy = f"echo performance | sudo tee {_CPUS}/cpu*/cpufreq/scaling_governor"
    return _finding("governor", machine.governor, _judged(machine.governor != "performance", "noisy"), effect, remedy)


def _turbo(machine: Machine) -> Finding:
    effect = "the clock depends on heat and on how many cores are at work"
    if machine.turbo is None:
        found = "not told; in a virtual machine its host decides"
        return _finding("turbo", found, "unknown", effect, "ask for it where the machine is hosted")
    remedy = f"echo 0 | sudo tee {_CPUS}/cpufreq/boost, or: echo 1 | sudo tee {_CPUS}/intel_pstate/no_turbo"
    return _finding("turbo", "on" if machine.turbo else "off", _judged(machine.turbo, "noisy"), effect, remedy)


def _smt(machine: Machine) -> Finding:
    effect = "two workers, or a worker and a stranger, may share one core"
    threads = machine.threads_per_core
    if machine.smt is None and threads is None:
        return _finding("SMT", "not told", "unknown", effect, "look it up: lscpu --extended")
    shared = bool(machine.smt) or (threads or 1) > 1
    found = f"on, {threads or 2} threads a core" if shared else "off"
    return _finding("SMT", found, _judged(shared, "noisy"), effect, f"echo off | sudo tee {_CPUS}/smt/control")


def _steal(machine: Machine) -> Finding:
    effect = "the hypervisor gives the cpus to others in the midst of a trial"
    if machine.stolen_share is None:
        return _finding("steal", "not told", "unknown", effect, "look at it: vmstat 1, column st")
    found = f"{machine.stolen_share:.2%} of all cpu time since boot"
    remedy = "measure at a quieter time with more repeats (--repeats 15), or rent cpus of your own"
    return _finding("steal", found, _judged(machine.stolen_share > _STOLEN_SHARE_HIGH, "noisy"), effect, remedy)


_STOLEN_SHARE_HIGH = 0.005


def _hypervisor(machine: Machine) -> Finding:
    effect = "waking another cpu leaves the virtual machine and waits for its host"
    found = machine.hypervisor or "none"
    remedy = "measure on the machine itself, or have virtual cpus pinned to real ones"
    return _finding("hypervisor", found, _judged(machine.hypervisor is not None, "noisy"), effect, remedy)


def _load(machine: Machine) -> Finding:
    effect = "other programs take the cpus and the caches from the workers"
    if machine.load_1min is None:
        return _finding("load", "not told", "unknown", effect, "look at it: uptime")
    pressure = machine.cpu_pressure
    waited = "" if pressure is None else f", something waited for a cpu in {pressure:.0%} of the last 10 s"
    found = f"{machine.load_1min:g} in the last minute on {len(machine.cpus)} cpus{waited}"
    busy = machine.load_1min > _LOAD_A_CPU_HIGH * len(machine.cpus) or (pressure or 0) > _PRESSURE_HIGH
    return _finding("load", found, _judged(busy, "noisy"), effect, "end what works beside it: top -o %CPU")


_LOAD_A_CPU_HIGH = 0.25
_PRESSURE_HIGH = 0.05


def _cpus(machine: Machine) -> Finding:
    effect = f"with fewer than {_WORKERS} cpus producer and consumer take turns instead of working at once"
    count, online = len(machine.cpus), machine.cpus_online
    found = f"{count} of {online}" if online else f"{count}"
    remedy = f"give this shell all cpus: taskset -pc 0-{(online or _WORKERS) - 1} $$; in a container: --cpuset-cpus"
    return _finding("cpus", found, _judged(count < _WORKERS, "limited"), effect, remedy)


def _quota(machine: Machine) -> Finding:
    effect = "who has used up its share sleeps for the rest of each period, often 100 ms"
    if machine.cpu_quota is None:
        return _finding("cpu quota", "none", "good", effect, None)
    remedy = "docker run without --cpus, or: sudo systemctl set-property UNIT CPUQuota="
    return _finding("cpu quota", f"{machine.cpu_quota:g} cpus", "noisy", effect, remedy)


def _container(machine: Machine) -> Finding:
    effect = "a filter looks at each system call, and may refuse io_uring and hardware counters"
    found = ", ".join(filter(None, (machine.container, "with a filter (seccomp)" if machine.filtered else None)))
    remedy = "docker run --security-opt seccomp=unconfined"
    return _finding("container", found or "none", _judged(bool(machine.filtered), "limited"), effect, remedy)


def _mitigations(machine: Machine) -> Finding:
    effect = "each system call and each switch between processes costs more"
    active = [name for name, state in machine.mitigations.items() if state.startswith("Mitigation")]
    remedy = "only where every program is trusted: boot with mitigations=off"
    return _finding("mitigations", ", ".join(active) or "none", _judged(bool(active), "limited"), effect, remedy)


def _clock_source(machine: Machine) -> Finding:
    effect = "reading the clock takes a system call or longer, and stamps cost as much as messages"
    if machine.clock_source is None:
        return _finding("clock source", "not told", "unknown", effect, "look it up: dmesg | grep -i clocksource")
    remedy = "echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource"
    quick = machine.clock_source in _QUICK_CLOCKS
    return _finding("clock source", machine.clock_source, _judged(not quick, "limited"), effect, remedy)


_QUICK_CLOCKS = ("tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter", "riscv_clocksource", "timebase")
"""Those that are read without entering the kernel (vdso(7))."""


def _huge_pages(machine: Machine) -> Finding:
    effect = "buffers and rings get huge pages or not, and are moved together in the midst of a trial"
    if machine.huge_pages is None:
        return _finding("huge pages", "not told", "unknown", effect, "look it up: grep -i huge /proc/meminfo")
    remedy = "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled"
    return _finding("huge pages", machine.huge_pages, _judged(machine.huge_pages == "always", "noisy"), effect, remedy)


def _numa(machine: Machine) -> Finding:
    effect = "pages move between nodes in the midst of a trial, and cpus of two nodes are farther apart"
    nodes, balancing = machine.numa_nodes, machine.limits.get("kernel.numa_balancing")
    if nodes is None:
        return _finding("NUMA", "not told", "unknown", effect, "look it up: lscpu | grep NUMA")
    moved = nodes > 1 and bool(balancing)
    found = f"{nodes} node{'s' * (nodes > 1)}" + (", balanced by the kernel" if moved else "")
    remedy = "sudo sysctl -w kernel.numa_balancing=0, and keep to one node: numactl -N 0 -m 0 queuemark run"
    return _finding("NUMA", found, _judged(moved, "noisy"), effect, remedy)


def _timer_slack(machine: Machine) -> Finding:
    effect = "who sleeps until a time (--rate, --linger-us) wakes up to so much too late"
    if machine.timer_slack_ns is None:
        return _finding("timer slack", "not told", "unknown", effect, "look it up: cat /proc/self/timerslack_ns")
    found = f"{machine.timer_slack_ns / 1000:g} us"
    late = machine.timer_slack_ns > _TIMER_SLACK_HIGH_NS
    return _finding("timer slack", found, _judged(late, "noisy"), effect, "echo 50000 > /proc/$$/timerslack_ns")


_TIMER_SLACK_HIGH_NS = 50_000
"""What the kernel gives to every process. Source: proc_pid_timerslack_ns(5)."""


def _low_limit(name: str, fact: str, low: int, effect: str, remedy: str, unit: str = "items") -> _Look:
    """A limit that is best at ``low`` or above; null is none at all."""

    def look(machine: Machine) -> Finding:
        if fact not in machine.limits or (machine.limits[fact] is None and not fact.startswith("RLIMIT_")):
            return _finding(name, f"{fact} is not told", "unknown", effect, "this kernel may not have it")
        value = machine.limits[fact]
        told = "unlimited" if value is None else format_bytes(value) if unit == "B" else f"{value:,}"
        return _finding(name, told, _judged(value is not None and value < low, "limited"), effect, remedy)

    return look


def _memlock(machine: Machine) -> Finding:
    effect = "io_uring's registered buffers and AF_XDP's frames may lock no more memory than this"
    remedy = "ulimit -l unlimited, or: sudo prlimit --memlock=unlimited --pid $$"
    if "CAP_IPC_LOCK" in machine.capabilities:
        return _finding("memlock", "no bound for this process (CAP_IPC_LOCK)", "good", effect, None)
    return _low_limit("memlock", "RLIMIT_MEMLOCK", 64 * 1024 * 1024, effect, remedy, "B")(machine)


def _io_uring(machine: Machine) -> Finding:
    effect = "without it nothing can be measured over io_uring"
    remedies = {
        "EPERM": "sudo sysctl -w kernel.io_uring_disabled=0; in a container: --security-opt seccomp=unconfined",
        "ENOSYS": "a kernel from 5.1 on; in a container: --security-opt seccomp=unconfined",
        "ENOMEM": "ulimit -l unlimited",
    }
    return _answered(machine, "io_uring", effect, remedies)


def _af_xdp(machine: Machine) -> Finding:
    effect = "without it nothing can be measured over AF_XDP"
    missing = [name for name in ("CAP_NET_RAW", "CAP_NET_ADMIN") if name not in machine.capabilities]
    if "CAP_BPF" not in machine.capabilities and "CAP_SYS_ADMIN" not in machine.capabilities:
        missing.append("CAP_BPF")
    permit = "sudo setcap cap_net_raw,cap_net_admin,cap_bpf+ep $(which queuemark-runner)"
    if machine.answers.get("AF_XDP") == "ok" and missing:
        return _finding("AF_XDP", f"a socket, but not {', '.join(missing)}", "limited", effect, permit)
    kernel = "a kernel with CONFIG_XDP_SOCKETS"
    return _answered(machine, "AF_XDP", effect, {"EPERM": permit, "EAFNOSUPPORT": kernel})


def _hardware_counters(machine: Machine) -> Finding:
    effect = "without them cycles, instructions and cache misses a message are not told"
    permit = "sudo sysctl -w kernel.perf_event_paranoid=1; in a container: --cap-add PERFMON"
    bare = "measure on the machine itself, or have the hypervisor pass its counters on"
    remedies = {"EPERM": permit, "EACCES": permit, "ENOENT": bare, "ENODEV": bare, "EOPNOTSUPP": bare}
    return _answered(machine, "hardware counters", effect, remedies)


_SAID = {
    "ok": "permitted",
    "EPERM": "not permitted",
    "EACCES": "not permitted",
    "ENOENT": "none here",
    "ENODEV": "none here",
    "EOPNOTSUPP": "none here",
    "ENOSYS": "the kernel does not know the call",
    "EAFNOSUPPORT": "not in this kernel",
}


def _answered(machine: Machine, name: str, effect: str, remedies: dict[str, str]) -> Finding:
    """What the kernel said when it was asked."""
    answer = machine.answers.get(name)
    if answer is None:
        return _finding(name, "not asked", "unknown", effect, "only Linux has it")
    said = _SAID.get(answer, "refused")
    found = said if answer == "ok" else f"{said} ({answer})"
    return _finding(
        name, found, _judged(answer != "ok", "limited"), effect, remedies.get(answer, f"man errno: {answer}")
    )


_LOOKS: tuple[_Look, ...] = (
    _load,
    _steal,
    _hypervisor,
    _governor,
    _turbo,
    _smt,
    _quota,
    _cpus,
    _huge_pages,
    _numa,
    _timer_slack,
    _clock_source,
    _mitigations,
    _container,
    _low_limit(
        "mq depth",
        "fs.mqueue.msg_max",
        64,
        "a queue of mq-posix holds so many messages, and every so many someone must be woken",
        "sudo sysctl -w fs.mqueue.msg_max=1024",
    ),
    _low_limit(
        "mq size",
        "fs.mqueue.msgsize_max",
        65536,
        "mq-posix carries no larger message",
        "sudo sysctl -w fs.mqueue.msgsize_max=1048576",
        "B",
    ),
    _low_limit(
        "mq memory",
        "RLIMIT_MSGQUEUE",
        819_200,
        "all queues of a user together; depth times size must fit",
        "ulimit -q unlimited",
        "B",
    ),
    _low_limit(
        "receive buffer",
        "net.core.rmem_max",
        1 << 20,
        "sockets cannot be given larger buffers: UDP loses sooner, bursts wait",
        "sudo sysctl -w net.core.rmem_max=16777216",
        "B",
    ),
    _low_limit(
        "send buffer",
        "net.core.wmem_max",
        1 << 20,
        "sockets cannot be given larger buffers: a producer blocks sooner",
        "sudo sysctl -w net.core.wmem_max=16777216",
        "B",
    ),
    _low_limit(
        "datagram queue",
        "net.unix.max_dgram_qlen",
        64,
        "a unix-dgram socket holds so many messages, and then its producer sleeps",
        "sudo sysctl -w net.unix.max_dgram_qlen=512",
    ),
    _low_limit(
        "open files",
        "RLIMIT_NOFILE",
        1024,
        "each consumer needs some in the parent",
        "ulimit -n 4096",
    ),
    _low_limit(
        "processes",
        "RLIMIT_NPROC",
        256,
        "each consumer is a process",
        "ulimit -u 4096",
    ),
    _memlock,
    _io_uring,
    _af_xdp,
    _hardware_counters,
)
