"""What a trial's parent and its roles tell each other."""

from __future__ import annotations

__all__ = ["Failure", "Report", "Running", "Setup"]

from dataclasses import dataclass

from queuemark.model.transport import ParamValue
from queuemark.runners.python.fault import Fault
from queuemark.runners.python.found import Received, Sent
from queuemark.runners.python.options import Options
from queuemark.runners.python.placement import crowded
from queuemark.runners.python.shared import Memory, Shared
from queuemark.runners.python.stamping import Stamping
from queuemark.runners.python.transport import Case, Transport


@dataclass(frozen=True)
class Setup:
    """What all roles of a trial know. marks: a memory for each consumer, where they compete."""

    options: Options
    kind: type[Transport]
    case: Case
    shared: Shared
    stamping: Stamping | None
    fault: Fault | None
    marks: list[Memory]
    deal_items: int
    runner_pid: int
    allowed_cpus: tuple[int, ...]

    @property
    def workers(self) -> int:
        return 1 + self.options.consumers

    @property
    def crowded(self) -> bool:
        """Whether workers wait for each other's cpu."""
        return crowded(self.workers, self.options.placement, self.allowed_cpus)


@dataclass(frozen=True)
class Running:
    """Roles that are threads or tasks have begun; ids: of their threads, by worker."""

    ids: dict[int, int]
    granted: dict[str, ParamValue]


@dataclass(frozen=True)
class Failure:
    """Why a worker could not go on, in one line."""

    worker: int
    reason: str


@dataclass(frozen=True)
class Report:
    """What a worker found."""

    worker: int
    found: Sent | Received
