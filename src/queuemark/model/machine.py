"""What is recorded about a machine: facts that change results, nothing that names its owner."""

from __future__ import annotations

__all__ = ["SAME", "Machine", "same_machine"]

import msgspec

SAME = ("system", "release", "architecture", "cpu_model", "cpus")
"""What must be as it was for results to belong together."""


class Machine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One machine as it was when a session began; null where it does not say.

    version: of the kernel's build, as uname(2) has it.
    cpus: those that this process may use; empty where nobody says. memory_bytes: physical. clock_source and governor
    as the kernel names them. limits: kernel and process limits that matter, by their own names (``fs.mqueue.msg_max``,
    ``net.core.wmem_max``, ``RLIMIT_NOFILE``, ...), in their own units.
    mitigations: of /sys/devices/system/cpu/vulnerabilities, those that are not "Not affected".
    cpus_online: how many cpus the kernel runs on; this process may be held to fewer.
    cpu_quota: how many cpus' worth of time its control group may take; null for no bound.
    huge_pages: when the kernel gives transparent ones: always, madvise or never.
    timer_slack_ns: by how much a sleep may end too late.
    cpu_pressure: share of the last 10 s in which something waited for a cpu. stolen_share: of all cpu time since boot,
    what the hypervisor took. Both 0 to 1.
    capabilities: of this process, those that some mechanism needs. filtered: its system calls pass a filter (seccomp).
    answers: what the kernel said when asked for a mechanism: ``ok``, or the error by its symbol (``EPERM``).
    """

    system: str
    release: str
    version: str | None = None
    architecture: str
    distribution: str | None = None
    cpu_model: str | None = None
    cpus: list[int]
    cores: int | None = None
    threads_per_core: int | None = None
    numa_nodes: int | None = None
    memory_bytes: int | None = None
    caches_bytes: dict[str, int] = {}
    hypervisor: str | None = None
    container: str | None = None
    clock_source: str | None = None
    governor: str | None = None
    turbo: bool | None = None
    smt: bool | None = None
    mitigations: dict[str, str] = {}
    limits: dict[str, int | None] = {}
    load_1min: float | None = None
    cpus_online: int | None = None
    cpu_quota: float | None = None
    huge_pages: str | None = None
    timer_slack_ns: int | None = None
    cpu_pressure: float | None = None
    stolen_share: float | None = None
    capabilities: list[str] = []
    filtered: bool | None = None
    answers: dict[str, str] = {}
    python: str = ""
    privileged: bool = False


def same_machine(one: Machine, other: Machine) -> bool:
    """Whether results of the two may stand side by side as those of one machine."""
    return all(getattr(one, fact) == getattr(other, fact) for fact in SAME)
