"""What is recorded about a machine: facts that change results, nothing that names its owner."""

from __future__ import annotations

__all__ = ["SAME", "Machine", "same_machine"]

import msgspec

SAME = ("system", "release", "architecture", "cpu_model", "cpus")
"""What must be as it was for results to belong together."""


class Machine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One machine as it was when a session began; null where it does not say.

    cpus: those that this process may use. memory_bytes: physical. clock_source and governor as the kernel
    names them. limits: kernel and process limits that matter, by their own names (``fs.mqueue.msg_max``,
    ``net.core.wmem_max``, ``RLIMIT_NOFILE``, ...), in their own units.
    mitigations: of /sys/devices/system/cpu/vulnerabilities, those that are not "Not affected".
    """

    system: str
    release: str
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
    python: str = ""
    privileged: bool = False


def same_machine(one: Machine, other: Machine) -> bool:
    """Whether results of the two may stand side by side as those of one machine."""
    return all(getattr(one, fact) == getattr(other, fact) for fact in SAME)
