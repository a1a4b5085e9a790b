"""Where a process of a trial begins. What its roles need is imported there, and not in the parent as well."""

from __future__ import annotations

__all__ = ["launch_alone", "launch_together"]

from multiprocessing.connection import Connection

from queuemark.runners.python.setup import Setup
from queuemark.runners.python.transport import Transport


def launch_alone(setup: Setup, transport: Transport, worker: int, reports: Connection) -> None:
    """One role, which has its process for itself."""
    from queuemark.runners.python.role import run_process

    run_process(setup, transport, worker, reports)


def launch_together(setup: Setup, reports: Connection) -> None:
    """All roles, as threads or as tasks."""
    if setup.kind.roles == "threads":
        from queuemark.runners.python.role import run_threads

        run_threads(setup, reports)
    else:
        from queuemark.runners.python.event_loop import run_tasks

        run_tasks(setup, reports)
